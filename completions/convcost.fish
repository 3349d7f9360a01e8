# fish completion for convcost, made by `convcost completion fish`: do not edit.

# Print the command, and the number of the argument that is being typed.
function __convcost_where
    set -l words (commandline -opc)
    set -l command ''
    set -l position 1
    set -l waits 0
    for word in $words[2..-1]
        if test $waits = 1
            set waits 0
        else if string match -q -- '-?*' $word
            contains -- "$command:$word" compare:--variants verify:--variants compare:--baseline compare:--activation layer:--activation verify:--activation compare:--columns layer:--columns compare:--format compare:-f layer:--format layer:-f verify:--format verify:-f network:--format network:-f swap:--format swap:-f zoo:--format zoo:-f variants:--format variants:-f compare:--output compare:-o layer:--output layer:-o verify:--output verify:-o network:--output network:-o swap:--output swap:-o zoo:--output zoo:-o variants:--output variants:-o explain:--output explain:-o compare:--verify-limit compare:--layer layer:--verify-limit verify:--random verify:--seed verify:--verify-limit network:--width network:--batch network:--verify-limit network:--input swap:--width swap:--batch swap:--verify-limit compare:--in swap:--to swap:--where explain:--format explain:-f; and set waits 1
        else if test -n "$command"
            set position (math $position + 1)
        else
            set command $word
        end
    end
    echo $command
    echo $position
end

# Is this one of the places named: command:position, or command:position+ for all from there on?
function __convcost_at
    set -l where (__convcost_where)
    for place in $argv
        set -l parts (string split : -- $place)
        test "$parts[1]" = "$where[1]"; or continue
        test "$parts[2]" = "$where[2]"; and return
        string match -q -- '*+' $parts[2]; and test $where[2] -ge (string trim -c + -- $parts[2]); and return
    end
    return 1
end

# Print candidates, each behind what stands before the last comma.
function __convcost_list
    set -l token (commandline -ct | string replace -r '^--[^=]*=' '')
    set -l before (string replace -r '[^,]*$' '' -- "$token")
    printf '%s\n' $before$argv
end

# Print files of some endings, and folders.
function __convcost_files
    set -l token (commandline -ct | string replace -r '^--[^=]*=' '')
    for name in $token*
        if test -d $name
            printf '%s/\n' $name
        else
            for ending in $argv
                string match -q -- "*$ending" $name; and printf '%s\n' $name
            end
        end
    end
end

# Print candidates for a token of a spec.
function __convcost_spec
    set -l want (commandline -ct)
    set -l start
    set -l values
    set -l help
    if string match -qr '^[0-9]+:' -- $want
        set -l before (string replace -r ':.*' ':' -- $want)
        printf '%s\tout channels\n' $before{3,16,24,32,48,64,96,128,160,192,256,320,384,512,768,1024,2048}
        return
    else if string match -qr '^[0-9]+$' -- $want
        printf '%s\n' 3:\t'in channels' 16:\t'in channels' 24:\t'in channels' 32:\t'in channels' 48:\t'in channels' 64:\t'in channels' 96:\t'in channels' 128:\t'in channels' 160:\t'in channels' 192:\t'in channels' 256:\t'in channels' 320:\t'in channels' 384:\t'in channels' 512:\t'in channels' 768:\t'in channels' 1024:\t'in channels' 2048:\t'in channels' 1d\t'one axis' 2d\t'two axes' 3d\t'three axes'
        return
    end
    switch "$want"
        case 'ratio=*'
            set start ratio=
            set values 2 4 8
            set help 'bottleneck ratio'
        case 'mode=*'
            set start mode=
            set values zeros reflect replicate circular
            set help 'padding mode'
        case 'mid=*'
            set start mid=
            set values 16 24 32 48 64 96 128 160 192 256 320 384 512 768 1024 2048
            set help 'mid channels'
        case 'in=*'
            set start in=
            set values 7 8 14 16 28 32 56 64 112 128 224 256 299 320 640 1024
            set help 'input size'
        case 'op*'
            set start op
            set values 0 1
            set help 'output padding'
        case '@*'
            set start @
            set values 7 8 14 16 28 32 56 64 112 128 224 256 299 320 640 1024
            set help 'input size'
        case 'k*'
            set start k
            set values 1 3 5 7 1x3 3x1 1x7 7x1
            set help 'kernel size'
        case 's*'
            set start s
            set values 1 2
            set help 'stride'
        case 'p*'
            set start p
            set values 0 1 2 3
            set help 'padding'
        case 'd*'
            set start d
            set values 1 2 4
            set help 'dilation'
        case 'g*'
            set start g
            set values 2 4 8 16 32 64
            set help 'groups'
        case 'e*'
            set start e
            set values 1 2 3 4 6
            set help 'expansion ratio'
        case 'm*'
            set start m
            set values 1 2 4
            set help 'depth multiplier'
        case 'n*'
            set start n
            set values 1 2 4 8 16 32 64 128 256
            set help 'batch'
    end
    if string match -qr '^(@|in=|k|s|p|d|op)[0-9].*x' -- $want
        set -l before (string replace -r '[^x]*$' '' -- $want)
        printf "%s\t$help\n" $before(string match -v -- '*x*' $values)
        return
    end
    test -z "$want"; and printf '%s\n' 64:128\t'in and out channels'
    printf '%s\n' @\t'input size' in=\t'input size' k3\t'kernel size' s2\t'stride' p1\t'padding' d2\t'dilation' g32\t'groups' e6\t'expansion ratio' ratio=\t'bottleneck ratio' m2\t'depth multiplier' mid=\t'mid channels' n8\t'batch' op1\t'output padding' mode=\t'padding mode' bias\t'a bias on every convolution' t\t'transposed' v1\t'a bottleneck’s stride on its first 1x1' 1d\t'one axis' 2d\t'two axes' 3d\t'three axes' psame\t'output = ceil(input / stride)' psame-upper\t'the same, as TensorFlow and ONNX pad' pvalid\t'no padding' fp32\t'4 bytes a number' fp16\t'2 bytes a number' bf16\t'2 bytes a number' int8\t'1 byte a number'
    test -n "$start"; and printf "%s\t$help\n" $start$values
end

complete -c convcost -f
complete -c convcost -n "__convcost_at :1+" -l version -d 'Print the version and exit'
complete -c convcost -n "__convcost_at :1+" -l help -s h -d 'Show help and exit.'
complete -c convcost -n "__convcost_at :1+" -a "compare\\t'Compare every variant of a convolution: what each costs, side by side, and checked by executing it' layer\\t'Answer for exactly the layer described, nothing else' verify\\t'Show the evidence: execute every variant in every way there is, and compare with what is printed' network\\t'Count a whole network: totals, shares, peak and training memory, its layers executed and checked' swap\\t'Replace convolutions of a network by a variant: the cost before, after, and the ratio' zoo\\t'List the built-in networks: input, params and MACs as published, and where each is described' variants\\t'List the variants, one a line: name, role, structure' explain\\t'Explain a variant: structure, formula, numbers, what it gives up, where it is used, and when it will not help' schema\\t'Print the JSON Schema that every JSON answer follows' help\\t'Explain the notation of layers, or another topic, on one screen' completion\\t'Print the completion script of a shell; the scripts answer without starting Python'"
complete -c convcost -n "__convcost_at compare:1+ layer:1+ verify:1+" -a '(__convcost_spec)'
complete -c convcost -n "__convcost_at network:1+ swap:1+" -a "alexnet\\t'built-in network' alexnet-paper\\t'built-in network' convnext-tiny\\t'built-in network' densenet121\\t'built-in network' efficientnet-b0\\t'built-in network' googlenet\\t'built-in network' googlenet-paper\\t'built-in network' inception-v3\\t'built-in network' mnasnet\\t'built-in network' mobilenet-v1\\t'built-in network' mobilenet-v2\\t'built-in network' mobilenet-v3-large\\t'built-in network' mobilenet-v3-small\\t'built-in network' regnetx-400mf\\t'built-in network' resnet18\\t'built-in network' resnet34\\t'built-in network' resnet50\\t'built-in network' resnet50-v1\\t'built-in network' resnet101\\t'built-in network' resnet101-v1\\t'built-in network' resnet152\\t'built-in network' resnet152-v1\\t'built-in network' resnext50-32x4d\\t'built-in network' shufflenet-v2\\t'built-in network' squeezenet1.0\\t'built-in network' squeezenet1.1\\t'built-in network' vgg11\\t'built-in network' vgg13\\t'built-in network' vgg16\\t'built-in network' vgg19\\t'built-in network' wide-resnet50-2\\t'built-in network' xception\\t'built-in network'"
complete -c convcost -n "__convcost_at network:1+ swap:1+" -a '(__convcost_files .txt .onnx)'
complete -c convcost -n "__convcost_at explain:1+" -a "standard\\t'one kxk: space and channels in one operation' spatially-separable\\t'1xk then kx1, one axis a pass (Inception v3)' depthwise-separable\\t'depthwise then pointwise (MobileNet, Xception)' grouped\\t'kxk in g groups (AlexNet, ResNeXt)' bottleneck\\t'1x1 down, kxk, 1x1 up; no shortcut' basic-block\\t'two kxk and a shortcut (ResNet-18/34)' residual-bottleneck\\t'the bottleneck and a shortcut (ResNet-50)' inverted-residual\\t'1x1 up, depthwise, 1x1 down, shortcut when shapes agree (MobileNetV2)' depthwise\\t'kxk on each channel alone, m outputs a channel' pointwise\\t'1x1: channels only' residual\\t'topic'"
complete -c convcost -n "__convcost_at help:1+" -a "spec\\t'the notation of layers' words\\t'what params, MACs, peak bytes … mean' formats\\t'how answers are written, and where'"
complete -c convcost -n "__convcost_at completion:1+" -a "bash\\t'the script for bash' zsh\\t'the script for zsh' fish\\t'the script for fish' powershell\\t'the script for powershell'"
complete -c convcost -n "__convcost_at compare:1+" -l variants -d 'Variants to show, comma-separated; all by default' -x -a "(__convcost_list standard\\t'one kxk: space and channels in one operation' spatially-separable\\t'1xk then kx1, one axis a pass (Inception v3)' depthwise-separable\\t'depthwise then pointwise (MobileNet, Xception)' grouped\\t'kxk in g groups (AlexNet, ResNeXt)' bottleneck\\t'1x1 down, kxk, 1x1 up; no shortcut' basic-block\\t'two kxk and a shortcut (ResNet-18/34)' residual-bottleneck\\t'the bottleneck and a shortcut (ResNet-50)' inverted-residual\\t'1x1 up, depthwise, 1x1 down, shortcut when shapes agree (MobileNetV2)' depthwise\\t'kxk on each channel alone, m outputs a channel' pointwise\\t'1x1: channels only' as-given\\t'the layer as it is described')"
complete -c convcost -n "__convcost_at compare:1+" -l baseline -d 'The row that ratios relate to' -x -a "standard\\t'one kxk: space and channels in one operation' spatially-separable\\t'1xk then kx1, one axis a pass (Inception v3)' depthwise-separable\\t'depthwise then pointwise (MobileNet, Xception)' grouped\\t'kxk in g groups (AlexNet, ResNeXt)' bottleneck\\t'1x1 down, kxk, 1x1 up; no shortcut' basic-block\\t'two kxk and a shortcut (ResNet-18/34)' residual-bottleneck\\t'the bottleneck and a shortcut (ResNet-50)' inverted-residual\\t'1x1 up, depthwise, 1x1 down, shortcut when shapes agree (MobileNetV2)' depthwise\\t'kxk on each channel alone, m outputs a channel' pointwise\\t'1x1: channels only' as-given\\t'the layer as it is described'"
complete -c convcost -n "__convcost_at compare:1+" -l residual -d 'A shortcut on every replacement'
complete -c convcost -n "__convcost_at compare:1+" -l norm -d 'A BatchNorm after every convolution'
complete -c convcost -n "__convcost_at compare:1+" -l activation -d 'This activation after every convolution that has one' -x -a "relu\\t'This activation after every convolution that has one' relu6\\t'This activation after every convolution that has one' leaky-relu\\t'This activation after every convolution that has one' elu\\t'This activation after every convolution that has one' selu\\t'This activation after every convolution that has one' gelu\\t'This activation after every convolution that has one' silu\\t'This activation after every convolution that has one' mish\\t'This activation after every convolution that has one' hardswish\\t'This activation after every convolution that has one' hardsigmoid\\t'This activation after every convolution that has one' sigmoid\\t'This activation after every convolution that has one' tanh\\t'This activation after every convolution that has one'"
complete -c convcost -n "__convcost_at compare:1+" -l per-op -d 'A line for each operation of each row'
complete -c convcost -n "__convcost_at compare:1+" -l columns -d 'Words to show, comma-separated' -x -a "(__convcost_list variant\\t'variant' role\\t'role' settings\\t'settings' output_shape\\t'output' receptive_field\\t'receptive field' mixes\\t'mixes' params\\t'params' relative.params\\t'params × base' macs\\t'MACs' relative.macs\\t'MACs × base' effective_macs\\t'effective MACs' relative.effective_macs\\t'effective MACs × base' flops\\t'FLOPs' elementwise\\t'elementwise' weight_bytes\\t'weights' activation_bytes\\t'activations' peak_bytes\\t'peak' relative.peak_bytes\\t'peak × base' traffic_bytes\\t'traffic' relative.traffic_bytes\\t'traffic × base' arithmetic_intensity\\t'FLOPs / byte' measured.seconds\\t'run time' measured.macs_per_second\\t'MACs / second' verified\\t'verified')"
complete -c convcost -n "__convcost_at compare:1+" -l format -s f -d 'How to write the answer' -x -a "table\\t'for people' json\\t'one document, for reading' ndjson\\t'a document a line, for scripts' csv\\t'a line a row, base units' markdown\\t'a table for documents' latex\\t'a table for papers (booktabs)'"
complete -c convcost -n "__convcost_at compare:1+" -l output -s o -d 'Write to this file; its ending says the format' -x -a '(__convcost_files .json .ndjson .csv .md .tex .txt)'
complete -c convcost -n "__convcost_at compare:1+" -l exact -d 'Whole numbers in tables, digits in groups'
complete -c convcost -n "__convcost_at compare:1+" -l verify -d 'Execute every row and check it'
complete -c convcost -n "__convcost_at compare:1+" -l no-verify -d 'Not: Execute every row and check it'
complete -c convcost -n "__convcost_at compare:1+" -l verify-limit -d 'Rows with more multiply-adds are executed at a reduced size' -x
complete -c convcost -n "__convcost_at compare:1+" -l inplace -d 'Elementwise operations write over an input nobody needs'
complete -c convcost -n "__convcost_at compare:1+" -l no-inplace -d 'Not: Elementwise operations write over an input nobody needs'
complete -c convcost -n "__convcost_at compare:1+" -l measure -d 'Run each variant on this machine: seconds, and multiply-adds a second'
complete -c convcost -n "__convcost_at compare:1+" -l in -d 'Compare a layer of this network' -x -a "alexnet\\t'built-in network' alexnet-paper\\t'built-in network' convnext-tiny\\t'built-in network' densenet121\\t'built-in network' efficientnet-b0\\t'built-in network' googlenet\\t'built-in network' googlenet-paper\\t'built-in network' inception-v3\\t'built-in network' mnasnet\\t'built-in network' mobilenet-v1\\t'built-in network' mobilenet-v2\\t'built-in network' mobilenet-v3-large\\t'built-in network' mobilenet-v3-small\\t'built-in network' regnetx-400mf\\t'built-in network' resnet18\\t'built-in network' resnet34\\t'built-in network' resnet50\\t'built-in network' resnet50-v1\\t'built-in network' resnet101\\t'built-in network' resnet101-v1\\t'built-in network' resnet152\\t'built-in network' resnet152-v1\\t'built-in network' resnext50-32x4d\\t'built-in network' shufflenet-v2\\t'built-in network' squeezenet1.0\\t'built-in network' squeezenet1.1\\t'built-in network' vgg11\\t'built-in network' vgg13\\t'built-in network' vgg16\\t'built-in network' vgg19\\t'built-in network' wide-resnet50-2\\t'built-in network' xception\\t'built-in network'"
complete -c convcost -n "__convcost_at compare:1+" -l in -d 'Compare a layer of this network' -x -a '(__convcost_files .txt .onnx)'
complete -c convcost -n "__convcost_at compare:1+" -l layer -d 'Its name, as network --per-layer shows' -x
complete -c convcost -n "__convcost_at compare:1+" -l help -s h -d 'Show help and exit.'
complete -c convcost -n "__convcost_at layer:1+" -l norm -d 'A BatchNorm after every convolution'
complete -c convcost -n "__convcost_at layer:1+" -l activation -d 'This activation after every convolution that has one' -x -a "relu\\t'This activation after every convolution that has one' relu6\\t'This activation after every convolution that has one' leaky-relu\\t'This activation after every convolution that has one' elu\\t'This activation after every convolution that has one' selu\\t'This activation after every convolution that has one' gelu\\t'This activation after every convolution that has one' silu\\t'This activation after every convolution that has one' mish\\t'This activation after every convolution that has one' hardswish\\t'This activation after every convolution that has one' hardsigmoid\\t'This activation after every convolution that has one' sigmoid\\t'This activation after every convolution that has one' tanh\\t'This activation after every convolution that has one'"
complete -c convcost -n "__convcost_at layer:1+" -l per-op -d 'A line for each operation of each row'
complete -c convcost -n "__convcost_at layer:1+" -l columns -d 'Words to show, comma-separated' -x -a "(__convcost_list variant\\t'variant' role\\t'role' settings\\t'settings' output_shape\\t'output' receptive_field\\t'receptive field' mixes\\t'mixes' params\\t'params' relative.params\\t'params × base' macs\\t'MACs' relative.macs\\t'MACs × base' effective_macs\\t'effective MACs' relative.effective_macs\\t'effective MACs × base' flops\\t'FLOPs' elementwise\\t'elementwise' weight_bytes\\t'weights' activation_bytes\\t'activations' peak_bytes\\t'peak' relative.peak_bytes\\t'peak × base' traffic_bytes\\t'traffic' relative.traffic_bytes\\t'traffic × base' arithmetic_intensity\\t'FLOPs / byte' measured.seconds\\t'run time' measured.macs_per_second\\t'MACs / second' verified\\t'verified')"
complete -c convcost -n "__convcost_at layer:1+" -l format -s f -d 'How to write the answer' -x -a "table\\t'for people' json\\t'one document, for reading' ndjson\\t'a document a line, for scripts' csv\\t'a line a row, base units' markdown\\t'a table for documents' latex\\t'a table for papers (booktabs)'"
complete -c convcost -n "__convcost_at layer:1+" -l output -s o -d 'Write to this file; its ending says the format' -x -a '(__convcost_files .json .ndjson .csv .md .tex .txt)'
complete -c convcost -n "__convcost_at layer:1+" -l exact -d 'Whole numbers in tables, digits in groups'
complete -c convcost -n "__convcost_at layer:1+" -l verify -d 'Execute every row and check it'
complete -c convcost -n "__convcost_at layer:1+" -l no-verify -d 'Not: Execute every row and check it'
complete -c convcost -n "__convcost_at layer:1+" -l verify-limit -d 'Rows with more multiply-adds are executed at a reduced size' -x
complete -c convcost -n "__convcost_at layer:1+" -l inplace -d 'Elementwise operations write over an input nobody needs'
complete -c convcost -n "__convcost_at layer:1+" -l no-inplace -d 'Not: Elementwise operations write over an input nobody needs'
complete -c convcost -n "__convcost_at layer:1+" -l help -s h -d 'Show help and exit.'
complete -c convcost -n "__convcost_at verify:1+" -l variants -d 'Variants to verify; all by default' -x -a "(__convcost_list standard\\t'one kxk: space and channels in one operation' spatially-separable\\t'1xk then kx1, one axis a pass (Inception v3)' depthwise-separable\\t'depthwise then pointwise (MobileNet, Xception)' grouped\\t'kxk in g groups (AlexNet, ResNeXt)' bottleneck\\t'1x1 down, kxk, 1x1 up; no shortcut' basic-block\\t'two kxk and a shortcut (ResNet-18/34)' residual-bottleneck\\t'the bottleneck and a shortcut (ResNet-50)' inverted-residual\\t'1x1 up, depthwise, 1x1 down, shortcut when shapes agree (MobileNetV2)' depthwise\\t'kxk on each channel alone, m outputs a channel' pointwise\\t'1x1: channels only' as-given\\t'the layer as it is described')"
complete -c convcost -n "__convcost_at verify:1+" -l random -d 'Verify this many generated layers instead' -x
complete -c convcost -n "__convcost_at verify:1+" -l seed -d 'Which layers are generated' -x
complete -c convcost -n "__convcost_at verify:1+" -l self-test -d 'Break rules on purpose and show which check catches each'
complete -c convcost -n "__convcost_at verify:1+" -l residual -d 'A shortcut on every replacement'
complete -c convcost -n "__convcost_at verify:1+" -l norm -d 'A BatchNorm after every convolution'
complete -c convcost -n "__convcost_at verify:1+" -l activation -d 'This activation after every convolution that has one' -x -a "relu\\t'This activation after every convolution that has one' relu6\\t'This activation after every convolution that has one' leaky-relu\\t'This activation after every convolution that has one' elu\\t'This activation after every convolution that has one' selu\\t'This activation after every convolution that has one' gelu\\t'This activation after every convolution that has one' silu\\t'This activation after every convolution that has one' mish\\t'This activation after every convolution that has one' hardswish\\t'This activation after every convolution that has one' hardsigmoid\\t'This activation after every convolution that has one' sigmoid\\t'This activation after every convolution that has one' tanh\\t'This activation after every convolution that has one'"
complete -c convcost -n "__convcost_at verify:1+" -l format -s f -d 'How to write the answer' -x -a "table\\t'for people' json\\t'one document, for reading' ndjson\\t'a document a line, for scripts' csv\\t'a line a row, base units' markdown\\t'a table for documents' latex\\t'a table for papers (booktabs)'"
complete -c convcost -n "__convcost_at verify:1+" -l output -s o -d 'Write to this file; its ending says the format' -x -a '(__convcost_files .json .ndjson .csv .md .tex .txt)'
complete -c convcost -n "__convcost_at verify:1+" -l verify-limit -d 'Rows with more multiply-adds are executed at a reduced size' -x
complete -c convcost -n "__convcost_at verify:1+" -l inplace -d 'Elementwise operations write over an input nobody needs'
complete -c convcost -n "__convcost_at verify:1+" -l no-inplace -d 'Not: Elementwise operations write over an input nobody needs'
complete -c convcost -n "__convcost_at verify:1+" -l help -s h -d 'Show help and exit.'
complete -c convcost -n "__convcost_at network:1+" -l width -d 'Width multiplier, where the network has one' -x
complete -c convcost -n "__convcost_at network:1+" -l batch -d 'Batch, as the token n8' -x
complete -c convcost -n "__convcost_at network:1+" -l per-layer -d 'A line for each operation'
complete -c convcost -n "__convcost_at network:1+" -l timeline -d 'Draw activation memory, step by step'
complete -c convcost -n "__convcost_at network:1+" -l norm -d 'With or without its BatchNorm'
complete -c convcost -n "__convcost_at network:1+" -l no-norm -d 'Not: With or without its BatchNorm'
complete -c convcost -n "__convcost_at network:1+" -l format -s f -d 'How to write the answer' -x -a "table\\t'for people' json\\t'one document, for reading' ndjson\\t'a document a line, for scripts' csv\\t'a line a row, base units' markdown\\t'a table for documents' latex\\t'a table for papers (booktabs)'"
complete -c convcost -n "__convcost_at network:1+" -l output -s o -d 'Write to this file; its ending says the format' -x -a '(__convcost_files .json .ndjson .csv .md .tex .txt)'
complete -c convcost -n "__convcost_at network:1+" -l exact -d 'Whole numbers in tables, digits in groups'
complete -c convcost -n "__convcost_at network:1+" -l verify -d 'Execute every row and check it'
complete -c convcost -n "__convcost_at network:1+" -l no-verify -d 'Not: Execute every row and check it'
complete -c convcost -n "__convcost_at network:1+" -l verify-limit -d 'Rows with more multiply-adds are executed at a reduced size' -x
complete -c convcost -n "__convcost_at network:1+" -l inplace -d 'Elementwise operations write over an input nobody needs'
complete -c convcost -n "__convcost_at network:1+" -l no-inplace -d 'Not: Elementwise operations write over an input nobody needs'
complete -c convcost -n "__convcost_at network:1+" -l input -d 'Shape of an ONNX file’s input; repeatable' -x
complete -c convcost -n "__convcost_at network:1+" -l strict -d 'Exit with 1 if an operation of an ONNX file is not counted'
complete -c convcost -n "__convcost_at network:1+" -l help -s h -d 'Show help and exit.'
complete -c convcost -n "__convcost_at swap:1+" -l to -d 'What replaces them' -x -a "standard\\t'one kxk: space and channels in one operation' spatially-separable\\t'1xk then kx1, one axis a pass (Inception v3)' depthwise-separable\\t'depthwise then pointwise (MobileNet, Xception)' grouped\\t'kxk in g groups (AlexNet, ResNeXt)' bottleneck\\t'1x1 down, kxk, 1x1 up; no shortcut' basic-block\\t'two kxk and a shortcut (ResNet-18/34)' residual-bottleneck\\t'the bottleneck and a shortcut (ResNet-50)' inverted-residual\\t'1x1 up, depthwise, 1x1 down, shortcut when shapes agree (MobileNetV2)'"
complete -c convcost -n "__convcost_at swap:1+" -l where -d 'Which convolutions: tokens that they have, or a pattern of names' -x -a '(__convcost_spec)'
complete -c convcost -n "__convcost_at swap:1+" -l width -d 'Width multiplier, where the network has one' -x
complete -c convcost -n "__convcost_at swap:1+" -l batch -d 'Batch, as the token n8' -x
complete -c convcost -n "__convcost_at swap:1+" -l norm -d 'With or without its BatchNorm'
complete -c convcost -n "__convcost_at swap:1+" -l no-norm -d 'Not: With or without its BatchNorm'
complete -c convcost -n "__convcost_at swap:1+" -l format -s f -d 'How to write the answer' -x -a "table\\t'for people' json\\t'one document, for reading' ndjson\\t'a document a line, for scripts' csv\\t'a line a row, base units' markdown\\t'a table for documents' latex\\t'a table for papers (booktabs)'"
complete -c convcost -n "__convcost_at swap:1+" -l output -s o -d 'Write to this file; its ending says the format' -x -a '(__convcost_files .json .ndjson .csv .md .tex .txt)'
complete -c convcost -n "__convcost_at swap:1+" -l exact -d 'Whole numbers in tables, digits in groups'
complete -c convcost -n "__convcost_at swap:1+" -l verify -d 'Execute every row and check it'
complete -c convcost -n "__convcost_at swap:1+" -l no-verify -d 'Not: Execute every row and check it'
complete -c convcost -n "__convcost_at swap:1+" -l verify-limit -d 'Rows with more multiply-adds are executed at a reduced size' -x
complete -c convcost -n "__convcost_at swap:1+" -l inplace -d 'Elementwise operations write over an input nobody needs'
complete -c convcost -n "__convcost_at swap:1+" -l no-inplace -d 'Not: Elementwise operations write over an input nobody needs'
complete -c convcost -n "__convcost_at swap:1+" -l help -s h -d 'Show help and exit.'
complete -c convcost -n "__convcost_at zoo:1+" -l format -s f -d 'How to write the answer' -x -a "table\\t'for people' json\\t'one document, for reading' ndjson\\t'a document a line, for scripts' csv\\t'a line a row, base units' markdown\\t'a table for documents' latex\\t'a table for papers (booktabs)'"
complete -c convcost -n "__convcost_at zoo:1+" -l output -s o -d 'Write to this file; its ending says the format' -x -a '(__convcost_files .json .ndjson .csv .md .tex .txt)'
complete -c convcost -n "__convcost_at zoo:1+" -l exact -d 'Whole numbers in tables, digits in groups'
complete -c convcost -n "__convcost_at zoo:1+" -l help -s h -d 'Show help and exit.'
complete -c convcost -n "__convcost_at variants:1+" -l format -s f -d 'How to write the answer' -x -a "table\\t'for people' json\\t'one document, for reading' ndjson\\t'a document a line, for scripts' csv\\t'a line a row, base units' markdown\\t'a table for documents' latex\\t'a table for papers (booktabs)'"
complete -c convcost -n "__convcost_at variants:1+" -l output -s o -d 'Write to this file; its ending says the format' -x -a '(__convcost_files .json .ndjson .csv .md .tex .txt)'
complete -c convcost -n "__convcost_at variants:1+" -l help -s h -d 'Show help and exit.'
complete -c convcost -n "__convcost_at explain:1+" -l experiment -d 'Measure what residual connections do, here and now (about 15 s)'
complete -c convcost -n "__convcost_at explain:1+" -l list -d 'List the topics and their aliases'
complete -c convcost -n "__convcost_at explain:1+" -l format -s f -d 'How to write the answer; text and table are the same' -x -a "text\\t'How to write the answer; text and table are the same' table\\t'for people' json\\t'one document, for reading' ndjson\\t'a document a line, for scripts' csv\\t'a line a row, base units' markdown\\t'a table for documents' latex\\t'a table for papers (booktabs)'"
complete -c convcost -n "__convcost_at explain:1+" -l output -s o -d 'Write to this file; its ending says the format' -x -a '(__convcost_files .json .ndjson .csv .md .tex .txt)'
complete -c convcost -n "__convcost_at explain:1+" -l help -s h -d 'Show help and exit.'
complete -c convcost -n "__convcost_at schema:1+" -l help -s h -d 'Show help and exit.'
complete -c convcost -n "__convcost_at help:1+" -l help -s h -d 'Show help and exit.'
complete -c convcost -n "__convcost_at completion:1+" -l help -s h -d 'Show help and exit.'
