# bash completion for convcost, made by `convcost completion bash`: do not edit.

# Candidates for a token of a spec: `found`, each to be put behind `base`; `drop`: what may not follow what is given.
# Arguments: how tokens begin that do not belong, and names that may stand before the spec.
_convcost_spec() {
    local start= value values= kind given
    drop=$1
    for kind in '[0-9]+[^0-9xd]' '[0-9]+x|k[0-9]' '@|in=' 's[0-9]' 'p[0-9]|psame[^a-z0-9-]|psame-upper[^a-z0-9-]|pvalid[^a-z0-9-]' 'd[0-9]' 'g[0-9]' 'e[0-9]' 'ratio=' 'm[0-9]' 'mid=' 'n[0-9]' 'op[0-9]' 'mode=' 'bias[^a-z0-9-]|bias=last[^a-z0-9-]' 't[^a-z0-9-]' 'v1[^a-z0-9-]' '1d[^a-z0-9-]|2d[^a-z0-9-]|3d[^a-z0-9-]' 'fp64[^a-z0-9-]|fp32[^a-z0-9-]|fp16[^a-z0-9-]|bf16[^a-z0-9-]|fp8[^a-z0-9-]|int16[^a-z0-9-]|int8[^a-z0-9-]|uint8[^a-z0-9-]|int4[^a-z0-9-]|binary[^a-z0-9-]|w[0-9]'; do
        given=" ($kind)"
        [[ $taken =~ $given ]] && drop+=${drop:+|}$kind
    done
    if [[ $want =~ ^[0-9]+: ]]; then
        base=${want%%:*}: want=${want#*:} found=(3 16 24 32 48 64 96 128 160 192 256 320 384 512 768 1024 2048)
        return
    elif [[ $want =~ ^[0-9]+$ ]]; then
        found=(3: 16: 24: 32: 48: 64: 96: 128: 160: 192: 256: 320: 384: 512: 768: 1024: 2048: 1d 2d 3d)
        return
    fi
    found=(@ in= k3 s2 p1 d2 g32 e6 ratio= m2 mid= n8 op1 mode= bias bias=last t v1 1d 2d 3d psame psame-upper pvalid fp64 fp32 fp16 bf16 fp8 int16 int8 uint8 int4 binary w8a8 w8a16 w4a16)
    [[ $drop ]] || found+=("${@:2}")
    case $want in
        '') found+=(64:128) ;;
        ratio=*) start=ratio= values='2 4 8' ;;
        mode=*) start=mode= values='zeros reflect replicate circular' ;;
        mid=*) start=mid= values='16 24 32 48 64 96 128 160 192 256 320 384 512 768 1024 2048' ;;
        in=*) start=in= values='7 8 14 16 28 32 56 64 112 128 224 256 299 320 640 1024' ;;
        op*) start=op values='0 1' ;;
        @*) start=@ values='7 8 14 16 28 32 56 64 112 128 224 256 299 320 640 1024' ;;
        k*) start=k values='1 3 5 7 1x3 3x1 1x7 7x1' ;;
        s*) start=s values='1 2' ;;
        p*) start=p values='0 1 2 3' ;;
        d*) start=d values='1 2 4' ;;
        g*) start=g values='2 4 8 16 32 64' ;;
        e*) start=e values='1 2 3 4 6' ;;
        m*) start=m values='1 2 4' ;;
        n*) start=n values='1 2 4 8 16 32 64 128 256' ;;
    esac
    [[ $start ]] || return
    case $start:${want#"$start"} in
        @:[0-9]*x*|in=:[0-9]*x*|k:[0-9]*x*|s:[0-9]*x*|p:[0-9]*x*|d:[0-9]*x*|op:[0-9]*x*)
            start= base=${want%x*}x want=${want##*x} found=()
            values=" $values " values=${values// [0-9]x[0-9]/} ;;
    esac
    for value in $values; do found+=("$start$value"); done
}

# The words before the cursor -> `command`, `option` if it waits for its value, `position` of the next argument (at
# most 4), and all that need not be offered again, between spaces: `taken`.
_convcost_where() {
    local word
    for word in "$@"; do
        if [[ $option ]]; then
            [[ $option == --in ]] && network=$word
            option=
        elif [[ $word == -?* ]]; then
            case $command:$word in
                compare:--variants|fit:--variants|sweep:--variants|time:--variants|verify:--variants|compare:--baseline|export:--variant|compare:--front|compare:--sort|network:--sort|swap:--sort|zoo:--sort|fit:--best|sweep:--best|sweep:--front|compare:--in|layer:--in|time:--network|export:--network|compare:--layer|layer:--layer|separate:--layer|compare:--convention|layer:--convention|network:--convention|reconcile:--convention|swap:--convention|zoo:--convention|compare:--where|network:--where|zoo:--where|fit:--where|sweep:--where|compare:--top|compare:--verify-limit|layer:--verify-limit|network:--width|network:--depth|network:--batch|network:--input|network:--top|network:--verify-limit|reconcile:--sizes|reconcile:--width|reconcile:--depth|reconcile:--batch|reconcile:--input|reconcile:--verify-limit|swap:--width|swap:--depth|swap:--batch|swap:--input|swap:--top|swap:--verify-limit|zoo:--top|fit:--top|fit:--width|fit:--size|fit:--params|fit:--macs|fit:--effective-macs|fit:--flops|fit:--elementwise|fit:--conv-activations|fit:--weight-bytes|fit:--activation-bytes|fit:--peak-bytes|fit:--traffic-bytes|fit:--verify-limit|sweep:--top|sweep:--threads|sweep:--workers|sweep:--cluster|sweep:--verify-limit|time:--threads|time:--device|time:--max-seconds|device:--threads|budget:--params|budget:--macs|budget:--effective-macs|budget:--flops|budget:--elementwise|budget:--conv-activations|budget:--weight-bytes|budget:--activation-bytes|budget:--peak-bytes|budget:--traffic-bytes|budget:--verify-limit|diff:--verify-limit|separate:--macs|separate:--error|separate:--input|separate:--batch|separate:--verify-limit|verify:--random|verify:--seed|verify:--verify-limit|export:--seed|compare:--activation|layer:--activation|fit:--activation|sweep:--activation|time:--activation|verify:--activation|export:--activation|compare:--format|compare:-f|layer:--format|layer:-f|variants:--format|variants:-f|network:--format|network:-f|reconcile:--format|reconcile:-f|swap:--format|swap:-f|zoo:--format|zoo:-f|fit:--format|fit:-f|sweep:--format|sweep:-f|time:--format|time:-f|device:--format|device:-f|diff:--format|diff:-f|separate:--format|separate:-f|verify:--format|verify:-f|compare:--output|compare:-o|layer:--output|layer:-o|variants:--output|variants:-o|network:--output|network:-o|reconcile:--output|reconcile:-o|swap:--output|swap:-o|zoo:--output|zoo:-o|fit:--output|fit:-o|sweep:--output|sweep:-o|time:--output|time:-o|device:--output|device:-o|budget:--output|budget:-o|diff:--output|diff:-o|explain:--output|explain:-o|separate:--output|separate:-o|verify:--output|verify:-o|export:--output|export:-o|compare:--columns|layer:--columns|compare:--color|layer:--color|variants:--color|network:--color|reconcile:--color|swap:--color|zoo:--color|fit:--color|sweep:--color|time:--color|device:--color|budget:--color|diff:--color|explain:--color|separate:--color|verify:--color|export:--color|help:--color|schema:--color|completion:--color|variants:--columns|network:--columns|reconcile:--per-layer|budget:--config|reconcile:--columns|swap:--to|swap:--where|swap:--columns|zoo:--columns|fit:--columns|sweep:--columns|time:--engine|device:--engine|time:--columns|device:--columns|budget:--format|budget:-f|budget:--columns|diff:--columns|explain:--format|explain:-f|explain:--columns|separate:--columns|verify:--engine|verify:--columns|export:--weights) option=$word ;;
                *:--in=*) network=${word#*=} ;;
            esac
            case $command:${word%%=*} in
                network:--input) ;;
                reconcile:--input) ;;
                swap:--input) ;;
                separate:--input) ;;
                *:--quiet|*:-q) taken+='--quiet -q ' ;;
                *:--help|*:-h) taken+='--help -h ' ;;
                *:--format|*:-f) taken+='--format -f ' ;;
                *:--output|*:-o) taken+='--output -o ' ;;
                *) taken+="${word%%=*} " ;;
            esac
        elif [[ $command ]]; then
            [[ $command:$position =~ ^(swap|network|separate):1$ ]] && network=$word
            position=$((position < 4 ? position + 1 : 4))
            taken+="$word "
        else
            command=$word
        fi
    done
}

# Candidates for the place where the cursor is.
_convcost_candidates() {
    case $command:$option in
        compare:--variants|fit:--variants|sweep:--variants|time:--variants|verify:--variants) found=(standard spatially-separable spatially-separable-reversed 2plus1d depthwise-separable blueprint-separable low-rank low-rank-reversed ghost grouped bottleneck basic-block residual-bottleneck inverted-residual mbconv fused-mbconv tcn depthwise pointwise as-given all) list=1 ;;
        compare:--baseline|export:--variant) found=(standard spatially-separable spatially-separable-reversed 2plus1d depthwise-separable blueprint-separable low-rank low-rank-reversed ghost grouped bottleneck basic-block residual-bottleneck inverted-residual mbconv fused-mbconv tcn depthwise pointwise as-given) ;;
        compare:--front|compare:--sort|network:--sort|swap:--sort|zoo:--sort|fit:--best|sweep:--best|sweep:--front) found=(standard spatially-separable spatially-separable-reversed 2plus1d depthwise-separable blueprint-separable low-rank low-rank-reversed ghost grouped bottleneck basic-block residual-bottleneck inverted-residual mbconv fused-mbconv tcn depthwise pointwise residual) ;;
        compare:--in|layer:--in|time:--network|export:--network) found=(alexnet alexnet-paper convnext-tiny densenet121 ds-cnn efficientnet-b0 efficientnet-b1 efficientnet-b2 efficientnet-b3 efficientnet-b4 efficientnet-b5 efficientnet-b6 efficientnet-b7 efficientnet-v2-s ghostnet googlenet googlenet-paper inception-v3 lenet-5 mnasnet mobilenet-v1 mobilenet-v2 mobilenet-v3-large mobilenet-v3-small regnetx-400mf resnet18 resnet34 resnet50 resnet50-v1 resnet101 resnet101-v1 resnet152 resnet152-v1 resnext50-32x4d r2plus1d-18 shufflenet-v2 squeezenet1.0 squeezenet1.1 u-net vgg11 vgg13 vgg16 vgg19 vit-b16 wavenet-stack wide-resnet50-2 xception yolov5s) files='.txt .onnx' ;;
        compare:--layer|layer:--layer|separate:--layer) layers=1 found=() ;;
        compare:--convention|layer:--convention|network:--convention|reconcile:--convention|swap:--convention|zoo:--convention) found=(multiply-adds infer_gmacs infer_macts fvcore mmengine FlopCounterMode ptflops-aten torchprofile torchscan-operator-flops jax flax onnx-tool tf.profiler thop ultralytics-thop ultralytics torchinfo torch-summary flopth torchscan-macs torchscan-flops mmcv calflops-flops calflops-macs deepspeed-flops deepspeed-macs ptflops-pytorch ptflops-hooks) ;;
        compare:--where|network:--where|zoo:--where|fit:--where|sweep:--where) found=(variant role params macs effective_macs flops elementwise conv_activations weight_bytes activation_bytes peak_bytes traffic_bytes arithmetic_intensity relative.params relative.macs relative.effective_macs relative.peak_bytes relative.traffic_bytes groups mid_channels bottleneck_ratio expansion_ratio depth_multiplier shortcut) ;;
        compare:--top|compare:--verify-limit|layer:--verify-limit|network:--width|network:--depth|network:--batch|network:--input|network:--top|network:--verify-limit|reconcile:--sizes|reconcile:--width|reconcile:--depth|reconcile:--batch|reconcile:--input|reconcile:--verify-limit|swap:--width|swap:--depth|swap:--batch|swap:--input|swap:--top|swap:--verify-limit|zoo:--top|fit:--top|fit:--width|fit:--size|fit:--params|fit:--macs|fit:--effective-macs|fit:--flops|fit:--elementwise|fit:--conv-activations|fit:--weight-bytes|fit:--activation-bytes|fit:--peak-bytes|fit:--traffic-bytes|fit:--verify-limit|sweep:--top|sweep:--threads|sweep:--workers|sweep:--cluster|sweep:--verify-limit|time:--threads|time:--device|time:--max-seconds|device:--threads|budget:--params|budget:--macs|budget:--effective-macs|budget:--flops|budget:--elementwise|budget:--conv-activations|budget:--weight-bytes|budget:--activation-bytes|budget:--peak-bytes|budget:--traffic-bytes|budget:--verify-limit|diff:--verify-limit|separate:--macs|separate:--error|separate:--input|separate:--batch|separate:--verify-limit|verify:--random|verify:--seed|verify:--verify-limit|export:--seed) found=() ;;
        compare:--activation|layer:--activation|fit:--activation|sweep:--activation|time:--activation|verify:--activation|export:--activation) found=(relu relu6 leaky-relu elu selu gelu silu mish hardswish hardsigmoid sigmoid tanh) ;;
        compare:--format|compare:-f|layer:--format|layer:-f|variants:--format|variants:-f|network:--format|network:-f|reconcile:--format|reconcile:-f|swap:--format|swap:-f|zoo:--format|zoo:-f|fit:--format|fit:-f|sweep:--format|sweep:-f|time:--format|time:-f|device:--format|device:-f|diff:--format|diff:-f|separate:--format|separate:-f|verify:--format|verify:-f) found=(table json ndjson csv markdown latex html svg plot) ;;
        compare:--output|compare:-o|layer:--output|layer:-o|variants:--output|variants:-o|network:--output|network:-o|reconcile:--output|reconcile:-o|swap:--output|swap:-o|zoo:--output|zoo:-o|fit:--output|fit:-o|sweep:--output|sweep:-o|time:--output|time:-o|device:--output|device:-o|budget:--output|budget:-o|diff:--output|diff:-o|explain:--output|explain:-o|separate:--output|separate:-o|verify:--output|verify:-o|export:--output|export:-o) found=() files='.txt .json .ndjson .csv .md .tex .html .svg' ;;
        compare:--columns|layer:--columns) found=(variant role settings output_shape receptive_field mixes params relative.params macs relative.macs effective_macs relative.effective_macs flops elementwise conv_activations weight_bytes activation_bytes peak_bytes relative.peak_bytes traffic_bytes relative.traffic_bytes arithmetic_intensity measured.seconds measured.ratio measured.macs_per_second measured.engine verified all) list=1 ;;
        compare:--color|layer:--color|variants:--color|network:--color|reconcile:--color|swap:--color|zoo:--color|fit:--color|sweep:--color|time:--color|device:--color|budget:--color|diff:--color|explain:--color|separate:--color|verify:--color|export:--color|help:--color|schema:--color|completion:--color) found=(auto always never) ;;
        variants:--columns) found=(role summary shown all) list=1 ;;
        network:--columns) found=(level name op count output_shape params macs effective_macs flops elementwise conv_activations weight_bytes activation_bytes peak_bytes traffic_bytes arithmetic_intensity receptive_field mixes share.params share.macs share.elementwise share.activation_bytes share.traffic_bytes op_receptive_field elementwise_by inputs kernel_size stride padding dilation groups bias transposed activation all) list=1 ;;
        reconcile:--per-layer|budget:--config) found=() files='' ;;
        reconcile:--columns) found=(name versions calls_it value needs_facts by_family.multiply-adds by_family.norms by_family.activations by_family.pools by_family.bias by_family.adds by_family.other all) list=1 ;;
        swap:--to) found=(standard spatially-separable spatially-separable-reversed 2plus1d depthwise-separable blueprint-separable low-rank low-rank-reversed ghost grouped bottleneck basic-block residual-bottleneck inverted-residual mbconv fused-mbconv tcn) ;;
        swap:--where) layers=1; _convcost_spec '@|in=|e[0-9]|ratio=|m[0-9]|mid=|n[0-9]|op[0-9]|mode=|t[^a-z0-9-]|v1[^a-z0-9-]|1d[^a-z0-9-]|2d[^a-z0-9-]|3d[^a-z0-9-]|fp64[^a-z0-9-]|fp32[^a-z0-9-]|fp16[^a-z0-9-]|bf16[^a-z0-9-]|fp8[^a-z0-9-]|int16[^a-z0-9-]|int8[^a-z0-9-]|uint8[^a-z0-9-]|int4[^a-z0-9-]|binary[^a-z0-9-]|w[0-9]' ;;
        swap:--columns) found=(network output_shape params macs effective_macs flops elementwise conv_activations weight_bytes activation_bytes peak_bytes traffic_bytes arithmetic_intensity receptive_field mixes relative.params relative.macs relative.effective_macs relative.peak_bytes relative.traffic_bytes all) list=1 ;;
        zoo:--columns) found=(name source input params macs all) list=1 ;;
        fit:--columns) found=(level text variant values settings output_shape params macs effective_macs flops elementwise conv_activations weight_bytes activation_bytes peak_bytes traffic_bytes arithmetic_intensity receptive_field mixes verified.status verified.reason all) list=1 ;;
        sweep:--columns) found=(level text variant rows applicable chosen like settings output_shape params macs effective_macs flops elementwise conv_activations weight_bytes activation_bytes peak_bytes traffic_bytes arithmetic_intensity receptive_field mixes verified.status all) list=1 ;;
        time:--engine|device:--engine) found=(onnxruntime numpy torch) ;;
        time:--columns) found=(name role reason macs relative.macs bound_seconds limited_by predicted_seconds measured_seconds measured_quartiles ratio ratio_quartiles times_bound verdict rounds runs wall_over_cpu values.difference values.ok engine device all) list=1 ;;
        device:--columns) found=(name status peak bandwidth on_chip source note all) list=1 ;;
        budget:--format|budget:-f) found=(table json ndjson csv markdown latex html svg plot github) ;;
        budget:--columns) found=(target word kind sign limit value before beyond ok layers reason all) list=1 ;;
        diff:--columns) found=(level name how op a.params b.params change.params a.macs b.macs change.macs a.peak_bytes b.peak_bytes change.peak_bytes a.traffic_bytes b.traffic_bytes change.traffic_bytes all) list=1 ;;
        explain:--format|explain:-f) found=(text table json ndjson csv markdown latex html svg plot) ;;
        explain:--columns) found=(summary aliases all) list=1 ;;
        separate:--columns) found=(layer layer_spec layer_macs dead.out dead.in dead.taps reason variant order rank share error noise output_error macs params spec groups verified.status all) list=1 ;;
        verify:--engine) found=(onnxruntime torch) ;;
        verify:--columns) found=(variant check ok expected measured size seconds note all) list=1 ;;
        export:--weights) found=(sobel scharr gaussian box laplace) files='.onnx .npy .npz .safetensors' ;;
        :) found=(compare layer variants network reconcile swap zoo fit sweep time device budget diff explain separate verify export help schema completion) ;;
        *:)
            case $command:$position in
                compare:1|compare:2|compare:3|compare:4|layer:1|layer:2|layer:3|layer:4|sweep:1|sweep:2|sweep:3|sweep:4|time:1|time:2|time:3|time:4|verify:1|verify:2|verify:3|verify:4|export:1|export:2|export:3|export:4) _convcost_spec '' ;;
                network:1|reconcile:1|swap:1|zoo:1|budget:1|budget:2|budget:3|budget:4) found=(alexnet alexnet-paper convnext-tiny densenet121 ds-cnn efficientnet-b0 efficientnet-b1 efficientnet-b2 efficientnet-b3 efficientnet-b4 efficientnet-b5 efficientnet-b6 efficientnet-b7 efficientnet-v2-s ghostnet googlenet googlenet-paper inception-v3 lenet-5 mnasnet mobilenet-v1 mobilenet-v2 mobilenet-v3-large mobilenet-v3-small regnetx-400mf resnet18 resnet34 resnet50 resnet50-v1 resnet101 resnet101-v1 resnet152 resnet152-v1 resnext50-32x4d r2plus1d-18 shufflenet-v2 squeezenet1.0 squeezenet1.1 u-net vgg11 vgg13 vgg16 vgg19 vit-b16 wavenet-stack wide-resnet50-2 xception yolov5s) files='.txt .onnx' ;;
                network:2|network:3|network:4|reconcile:2|reconcile:3|reconcile:4|swap:2|swap:3|swap:4|zoo:2) _convcost_spec '[0-9]+[^0-9xd]|[0-9]+x|k[0-9]|s[0-9]|p[0-9]|psame[^a-z0-9-]|psame-upper[^a-z0-9-]|pvalid[^a-z0-9-]|d[0-9]|g[0-9]|e[0-9]|ratio=|m[0-9]|mid=|op[0-9]|mode=|bias[^a-z0-9-]|bias=last[^a-z0-9-]|t[^a-z0-9-]|v1[^a-z0-9-]|1d[^a-z0-9-]|2d[^a-z0-9-]|3d[^a-z0-9-]' ;;
                fit:1|fit:2|fit:3|fit:4) _convcost_spec '' alexnet alexnet-paper convnext-tiny densenet121 ds-cnn efficientnet-b0 efficientnet-b1 efficientnet-b2 efficientnet-b3 efficientnet-b4 efficientnet-b5 efficientnet-b6 efficientnet-b7 efficientnet-v2-s ghostnet googlenet googlenet-paper inception-v3 lenet-5 mnasnet mobilenet-v1 mobilenet-v2 mobilenet-v3-large mobilenet-v3-small regnetx-400mf resnet18 resnet34 resnet50 resnet50-v1 resnet101 resnet101-v1 resnet152 resnet152-v1 resnext50-32x4d r2plus1d-18 shufflenet-v2 squeezenet1.0 squeezenet1.1 u-net vgg11 vgg13 vgg16 vgg19 vit-b16 wavenet-stack wide-resnet50-2 xception yolov5s ;;
                device:1) found=() ;;
                diff:1|diff:2) found=(alexnet alexnet-paper convnext-tiny densenet121 ds-cnn efficientnet-b0 efficientnet-b1 efficientnet-b2 efficientnet-b3 efficientnet-b4 efficientnet-b5 efficientnet-b6 efficientnet-b7 efficientnet-v2-s ghostnet googlenet googlenet-paper inception-v3 lenet-5 mnasnet mobilenet-v1 mobilenet-v2 mobilenet-v3-large mobilenet-v3-small regnetx-400mf resnet18 resnet34 resnet50 resnet50-v1 resnet101 resnet101-v1 resnet152 resnet152-v1 resnext50-32x4d r2plus1d-18 shufflenet-v2 squeezenet1.0 squeezenet1.1 u-net vgg11 vgg13 vgg16 vgg19 vit-b16 wavenet-stack wide-resnet50-2 xception yolov5s) files='.txt .onnx .json' ;;
                explain:1) found=(standard spatially-separable spatially-separable-reversed 2plus1d depthwise-separable blueprint-separable low-rank low-rank-reversed ghost grouped bottleneck basic-block residual-bottleneck inverted-residual mbconv fused-mbconv tcn depthwise pointwise residual) ;;
                explain:2|explain:3|explain:4) _convcost_spec '' standard spatially-separable spatially-separable-reversed 2plus1d depthwise-separable blueprint-separable low-rank low-rank-reversed ghost grouped bottleneck basic-block residual-bottleneck inverted-residual mbconv fused-mbconv tcn depthwise pointwise residual ;;
                separate:1) found=(sobel scharr gaussian box laplace) files='.onnx .npy .npz .safetensors' ;;
                separate:2|separate:3|separate:4) _convcost_spec '[0-9]+[^0-9xd]|[0-9]+x|k[0-9]|e[0-9]|ratio=|m[0-9]|mid=|op[0-9]|mode=|t[^a-z0-9-]|v1[^a-z0-9-]|1d[^a-z0-9-]|2d[^a-z0-9-]|3d[^a-z0-9-]' ;;
                help:1) found=(spec lines networks recipes search words json separate verification time formats) ;;
                completion:1) found=(bash zsh fish powershell) ;;
            esac ;;
    esac
}

_convcost_options() {
    case $command in
        '') found=(--version --quiet -q --color --help -h) ;;
        compare) found=(--variants --baseline --residual --exact --measure --front --in --layer --convention --per-op --where --sort --top --norm --activation --verify --no-verify --verify-limit --inplace --no-inplace --format -f --output -o --columns --plot --quiet -q --color --help -h) ;;
        layer) found=(--exact --in --layer --convention --per-op --norm --activation --verify --no-verify --verify-limit --inplace --no-inplace --format -f --output -o --columns --plot --quiet -q --color --help -h) ;;
        variants) found=(--format -f --output -o --columns --plot --quiet -q --color --help -h) ;;
        network) found=(--width --depth --batch --per-layer --timeline --norm --no-norm --as-text --exact --input --strict --convention --where --sort --top --verify --no-verify --verify-limit --inplace --no-inplace --format -f --output -o --columns --plot --quiet -q --color --help -h) ;;
        reconcile) found=(--sizes --siblings --per-layer --convention --list --width --depth --batch --norm --no-norm --exact --input --verify --no-verify --verify-limit --inplace --no-inplace --format -f --output -o --columns --plot --quiet -q --color --help -h) ;;
        swap) found=(--to --where --width --depth --batch --norm --no-norm --input --exact --convention --sort --top --verify --no-verify --verify-limit --inplace --no-inplace --format -f --output -o --columns --plot --quiet -q --color --help -h) ;;
        zoo) found=(--exact --convention --where --sort --top --format -f --output -o --columns --plot --quiet -q --color --help -h) ;;
        fit) found=(--variants --best --top --width --size --exact --where --params --macs --effective-macs --flops --elementwise --conv-activations --weight-bytes --activation-bytes --peak-bytes --traffic-bytes --norm --activation --verify --no-verify --verify-limit --inplace --no-inplace --format -f --output -o --columns --plot --quiet -q --color --help -h) ;;
        sweep) found=(--variants --best --top --front --threads --workers --cluster --exact --where --norm --activation --verify --no-verify --verify-limit --inplace --no-inplace --format -f --output -o --columns --plot --quiet -q --color --help -h) ;;
        time) found=(--variants --engine --threads --device --network --per-layer --predict --max-seconds --residual --exact --norm --activation --format -f --output -o --columns --plot --quiet -q --color --help -h) ;;
        device) found=(--list --calibrate --engine --threads --format -f --output -o --columns --plot --quiet -q --color --help -h) ;;
        budget) found=(--config --update --format -f --params --macs --effective-macs --flops --elementwise --conv-activations --weight-bytes --activation-bytes --peak-bytes --traffic-bytes --verify --no-verify --verify-limit --inplace --no-inplace --output -o --columns --plot --quiet -q --color --help -h) ;;
        diff) found=(--exit-code --exact --verify --no-verify --verify-limit --inplace --no-inplace --format -f --output -o --columns --plot --quiet -q --color --help -h) ;;
        explain) found=(--experiment --measure --full --list --format -f --output -o --columns --plot --quiet -q --color --help -h) ;;
        separate) found=(--macs --error --layer --curve --input --batch --exact --verify --no-verify --verify-limit --format -f --output -o --columns --plot --quiet -q --color --help -h) ;;
        verify) found=(--variants --random --seed --self-test --all --engine --residual --verify-limit --inplace --no-inplace --norm --activation --format -f --output -o --columns --plot --quiet -q --color --help -h) ;;
        export) found=(--variant --network --weights --seed --residual --output -o --norm --activation --quiet -q --color --help -h) ;;
        help) found=(--quiet -q --color --help -h) ;;
        schema) found=(--quiet -q --color --help -h) ;;
        completion) found=(--quiet -q --color --help -h) ;;
    esac
}

_convcost() {
    local IFS=$' \t\n' line=${COMP_LINE:0:COMP_POINT} command= option= position=1 list= files= base= want candidate
    local network= layers=
    local taken=' ' drop=
    local -a words found
    read -r -a words <<<"$line"
    want=${line##*[[:space:]]}
    [[ $want ]] && unset "words[${#words[@]}-1]"
    while [[ ${#words[@]} -gt 0 && ${words[0]##*/} != convcost* ]]; do words=("${words[@]:1}"); done
    _convcost_where "${words[@]:1}"
    local typed=$want
    if [[ ! $option && $want == --*=* ]]; then
        option=${want%%=*} base=${want%%=*}= want=${want#*=}
    fi
    if [[ ! $option && $want == -* ]]; then
        _convcost_options
    else
        _convcost_candidates
    fi
    if [[ $layers && $network ]]; then
        found+=($(convcost completion --layers "$network" 2>/dev/null))
    fi
    if [[ $list && $want == *,* ]]; then
        base+=${want%,*}, want=${want##*,}
        taken=" ${base//[=,]/ } "
    fi

    # What bash replaces begins behind the last character at which it breaks words; @ begins a word of its own.
    local kept=${typed%"${typed##*[:=@]}"}
    local last=${kept:${#kept}-1}
    [[ $last && $COMP_WORDBREAKS == *"$last"* ]] || kept=
    [[ $last == @ ]] && kept=${kept%@}
    COMPREPLY=()
    drop="^($drop)"
    for candidate in "${found[@]}"; do
        [[ $candidate == "$want"?* || $candidate == "$want" && $candidate != *[=@] ]] || continue
        [[ $taken == *" $candidate "* || $drop != '^()' && "$base$candidate " =~ $drop ]] && continue
        candidate=$base$candidate
        COMPREPLY+=("${candidate#"$kept"}")
    done
    if [[ ${#COMPREPLY[@]} -eq 1 && ( $list || ${COMPREPLY[0]} == *[=:@] ) ]]; then
        compopt -o nospace 2>/dev/null
    fi
    if [[ $files ]]; then _convcost_files; fi
}

# Files whose names end as `files` says, and folders.
_convcost_files() {
    local name ending IFS=$'\n'
    compopt -o filenames 2>/dev/null
    for name in "$want"*; do
        name=${base#"$kept"}$name
        [[ -d $name ]] && COMPREPLY+=("$name")
        IFS=' '
        for ending in $files; do
            [[ -f $name && $name == *"$ending" ]] && COMPREPLY+=("$name")
        done
    done
}

complete -F _convcost convcost
