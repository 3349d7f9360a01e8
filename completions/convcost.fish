# fish completion for convcost, made by `convcost completion fish`: do not edit.

# Candidates for a token of a spec, but for what is given already -> `found`. Arguments: how tokens begin that do not
# belong, and names that may stand before the spec.
function __convcost_spec --no-scope-shadowing
    set -l drop $argv[1]
    for kind in '[0-9]+[^0-9xd]' '[0-9]+x|k[0-9]' '@|in=' 's[0-9]' 'p[0-9]|psame[^a-z0-9-]|psame-upper[^a-z0-9-]|pvalid[^a-z0-9-]' 'd[0-9]' 'g[0-9]' 'e[0-9]' 'ratio=' 'm[0-9]' 'mid=' 'n[0-9]' 'op[0-9]' 'mode=' 'bias[^a-z0-9-]|bias=last[^a-z0-9-]' 't[^a-z0-9-]' 'v1[^a-z0-9-]' '1d[^a-z0-9-]|2d[^a-z0-9-]|3d[^a-z0-9-]' 'fp64[^a-z0-9-]|fp32[^a-z0-9-]|fp16[^a-z0-9-]|bf16[^a-z0-9-]|fp8[^a-z0-9-]|int16[^a-z0-9-]|int8[^a-z0-9-]|uint8[^a-z0-9-]|int4[^a-z0-9-]|binary[^a-z0-9-]|w[0-9]'
        string match -qr -- " ($kind)" " $taken "; and set drop (string trim -l -c '|' -- "$drop|$kind")
    end
    set -l start
    set -l values
    set -l help
    if string match -qr '^[0-9]+:' -- $want
        set found (string replace -r ':.*' ':' -- $want){3,16,24,32,48,64,96,128,160,192,256,320,384,512,768,1024,2048}\t'out channels'
    else if string match -qr '^[0-9]+$' -- $want
        set found 3:\t'in channels' 16:\t'in channels' 24:\t'in channels' 32:\t'in channels' 48:\t'in channels' 64:\t'in channels' 96:\t'in channels' 128:\t'in channels' 160:\t'in channels' 192:\t'in channels' 256:\t'in channels' 320:\t'in channels' 384:\t'in channels' 512:\t'in channels' 768:\t'in channels' 1024:\t'in channels' 2048:\t'in channels' 1d\t'one axis' 2d\t'two axes' 3d\t'three axes'
    else
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
            set found (string replace -r '[^x]*$' '' -- $want)(string match -v -- '*x*' $values)\t$help
        else
            test -z "$want"; and set found 64:128\t'in and out channels'
            set -a found @\t'input size' in=\t'input size' k3\t'kernel size' s2\t'stride' p1\t'padding' d2\t'dilation' g32\t'groups' e6\t'expansion ratio' ratio=\t'bottleneck ratio' m2\t'depth multiplier' mid=\t'mid channels' n8\t'batch' op1\t'output padding' mode=\t'padding mode' bias\t'a bias on every convolution' bias=last\t'a bias on the last convolution of a block' t\t'transposed' v1\t'a bottleneck’s stride on its first 1x1' 1d\t'one axis' 2d\t'two axes' 3d\t'three axes' psame\t'output = ceil(input / stride)' psame-upper\t'the same, as TensorFlow and ONNX pad' pvalid\t'no padding' fp64\t'64 bits a number' fp32\t'32 bits a number' fp16\t'16 bits a number' bf16\t'16 bits a number' fp8\t'8 bits a number' int16\t'16 bits a number' int8\t'8 bits a number' uint8\t'8 bits a number' int4\t'4 bits a number' binary\t'1 bit a number' w8a8\t'8-bit integers' w8a16\t'weights of 8 bits, activations of 16' w4a16\t'weights of 4 bits' $start$values\t$help
            test -z "$drop"; and set -a found $argv[2..-1]
        end
    end
    test -n "$drop"; and set found (string match -rv -- "^($drop)" $found)
end

# Files whose names end as given, and folders.
function __convcost_files --no-scope-shadowing
    for name in $want*
        if test -d $name
            set -a found $name/
        else
            for ending in $argv
                string match -q -- "*$ending" $name; and set -a found $name
            end
        end
    end
end

function __convcost_options --no-scope-shadowing
    switch "$command"
        case ''
            set found --version\t'Print the version and exit' --help\t'Show help and exit.' -h\t'Show help and exit.'
        case compare
            set found --variants\t'These variants, comma-separated, or all' --baseline\t'The row that ratios relate to' --residual\t'A shortcut on every replacement' --exact\t'Whole numbers in tables, digits in groups' --measure\t'Run each variant on this machine: seconds, and multiply-adds a second' --front\t'Rows that no other beats in these' --in\t'A layer of this network, or ONNX file' --layer\t'Its name, as network --per-layer shows' --convention\t'The figure of this tool beside ours; reconcile --list has them' --per-op\t'A line for each operation of each row' --columns\t'Words to show, comma-separated' --where\t'Rows such as ’macs<=30M’' --sort\t'Least first; max:macs: most first' --top\t'So many rows' --norm\t'A BatchNorm after every convolution' --activation\t'This after every convolution that has one: relu, relu6, leaky-relu, elu, selu, gelu, silu, mish, hardswish, hardsigmoid, sigmoid, tanh' --verify\t'Execute every row and check it' --no-verify\t'Not: Execute every row and check it' --verify-limit\t'Rows with more multiply-adds are executed at a reduced size' --inplace\t'Elementwise operations write over an input nobody needs' --no-inplace\t'Not: Elementwise operations write over an input nobody needs' --format\t'How to write the answer: table, json, ndjson, csv, markdown, latex' -f\t'How to write the answer: table, json, ndjson, csv, markdown, latex' --output\t'Write to this file; its ending says the format' -o\t'Write to this file; its ending says the format' --help\t'Show help and exit.' -h\t'Show help and exit.'
        case layer
            set found --exact\t'Whole numbers in tables, digits in groups' --in\t'A layer of this network, or ONNX file' --layer\t'Its name, as network --per-layer shows' --convention\t'The figure of this tool beside ours; reconcile --list has them' --per-op\t'A line for each operation of each row' --columns\t'Words to show, comma-separated' --norm\t'A BatchNorm after every convolution' --activation\t'This after every convolution that has one: relu, relu6, leaky-relu, elu, selu, gelu, silu, mish, hardswish, hardsigmoid, sigmoid, tanh' --verify\t'Execute every row and check it' --no-verify\t'Not: Execute every row and check it' --verify-limit\t'Rows with more multiply-adds are executed at a reduced size' --inplace\t'Elementwise operations write over an input nobody needs' --no-inplace\t'Not: Elementwise operations write over an input nobody needs' --format\t'How to write the answer: table, json, ndjson, csv, markdown, latex' -f\t'How to write the answer: table, json, ndjson, csv, markdown, latex' --output\t'Write to this file; its ending says the format' -o\t'Write to this file; its ending says the format' --help\t'Show help and exit.' -h\t'Show help and exit.'
        case variants
            set found --format\t'How to write the answer: table, json, ndjson, csv, markdown, latex' -f\t'How to write the answer: table, json, ndjson, csv, markdown, latex' --output\t'Write to this file; its ending says the format' -o\t'Write to this file; its ending says the format' --help\t'Show help and exit.' -h\t'Show help and exit.'
        case network
            set found --width\t'Width multiplier, where the network has one' --depth\t'Depth multiplier, where the network has one' --batch\t'Batch, as the token n8' --per-layer\t'A line for each operation' --timeline\t'Draw activation memory, step by step' --norm\t'With or without its BatchNorm' --no-norm\t'Not: With or without its BatchNorm' --as-text\t'Write it as a network file instead' --exact\t'Whole numbers in tables, digits in groups' --input\t'Shape of an ONNX file’s input; repeatable' --strict\t'Exit with 1 if an operation of an ONNX file is not counted' --convention\t'The figure of this tool beside ours; reconcile --list has them' --verify\t'Execute every row and check it' --no-verify\t'Not: Execute every row and check it' --verify-limit\t'Rows with more multiply-adds are executed at a reduced size' --inplace\t'Elementwise operations write over an input nobody needs' --no-inplace\t'Not: Elementwise operations write over an input nobody needs' --format\t'How to write the answer: table, json, ndjson, csv, markdown, latex' -f\t'How to write the answer: table, json, ndjson, csv, markdown, latex' --output\t'Write to this file; its ending says the format' -o\t'Write to this file; its ending says the format' --help\t'Show help and exit.' -h\t'Show help and exit.'
        case reconcile
            set found --sizes\t'Explain figures at these input sizes too: 256,299' --siblings\t'Explain figures by other forms of the network too: resnet50-v1' --per-layer\t'Another tool’s figures, name,figure a line, or with a header, of which macs, mult-adds or flops is read: which layer differs first, and by what' --convention\t'Only this convention' --list\t'List the conventions, their words and sources' --width\t'Width multiplier, where the network has one' --depth\t'Depth multiplier, where the network has one' --batch\t'Batch, as the token n8' --norm\t'With or without its BatchNorm' --no-norm\t'Not: With or without its BatchNorm' --exact\t'Whole numbers in tables, digits in groups' --input\t'Shape of an ONNX file’s input; repeatable' --verify\t'Execute every row and check it' --no-verify\t'Not: Execute every row and check it' --verify-limit\t'Rows with more multiply-adds are executed at a reduced size' --inplace\t'Elementwise operations write over an input nobody needs' --no-inplace\t'Not: Elementwise operations write over an input nobody needs' --format\t'How to write the answer: table, json, ndjson, csv, markdown, latex' -f\t'How to write the answer: table, json, ndjson, csv, markdown, latex' --output\t'Write to this file; its ending says the format' -o\t'Write to this file; its ending says the format' --help\t'Show help and exit.' -h\t'Show help and exit.'
        case swap
            set found --to\t'What replaces them' --where\t'Which convolutions: tokens, a name or pattern, op=12, macs>1%' --width\t'Width multiplier, where the network has one' --depth\t'Depth multiplier, where the network has one' --batch\t'Batch, as the token n8' --norm\t'With or without its BatchNorm' --no-norm\t'Not: With or without its BatchNorm' --input\t'Shape of an ONNX file’s input; repeatable' --exact\t'Whole numbers in tables, digits in groups' --convention\t'The figure of this tool beside ours; reconcile --list has them' --verify\t'Execute every row and check it' --no-verify\t'Not: Execute every row and check it' --verify-limit\t'Rows with more multiply-adds are executed at a reduced size' --inplace\t'Elementwise operations write over an input nobody needs' --no-inplace\t'Not: Elementwise operations write over an input nobody needs' --format\t'How to write the answer: table, json, ndjson, csv, markdown, latex' -f\t'How to write the answer: table, json, ndjson, csv, markdown, latex' --output\t'Write to this file; its ending says the format' -o\t'Write to this file; its ending says the format' --help\t'Show help and exit.' -h\t'Show help and exit.'
        case zoo
            set found --exact\t'Whole numbers in tables, digits in groups' --convention\t'The figure of this tool beside ours; reconcile --list has them' --format\t'How to write the answer: table, json, ndjson, csv, markdown, latex' -f\t'How to write the answer: table, json, ndjson, csv, markdown, latex' --output\t'Write to this file; its ending says the format' -o\t'Write to this file; its ending says the format' --help\t'Show help and exit.' -h\t'Show help and exit.'
        case fit
            set found --variants\t'These variants, comma-separated, or all' --best\t'What comes first, such as min:macs' --top\t'So many, whatever variant' --width\t'Widths of a network, such as 0.25..1/0.25' --size\t'Input sizes of a network, such as 96..224/32' --columns\t'Words to show, comma-separated' --exact\t'Whole numbers in tables, digits in groups' --where\t'Rows such as ’macs<=30M’' --params\t'At most so many params, such as 50k' --macs\t'At most so many multiply-adds, such as 150M' --effective-macs\t'At most so many multiply-adds that touch data' --flops\t'At most so many FLOPs, 2 a multiply-add' --elementwise\t'At most so many elementwise operations' --conv-activations\t'At most so many activations of convolutions' --weight-bytes\t'At most so many bytes of weights, such as 2MiB' --activation-bytes\t'At most so many bytes of activations' --peak-bytes\t'At most so many bytes at the peak, such as 2MiB' --traffic-bytes\t'At most so many bytes read and written' --norm\t'A BatchNorm after every convolution' --activation\t'This after every convolution that has one: relu, relu6, leaky-relu, elu, selu, gelu, silu, mish, hardswish, hardsigmoid, sigmoid, tanh' --verify\t'Execute every row and check it' --no-verify\t'Not: Execute every row and check it' --verify-limit\t'Rows with more multiply-adds are executed at a reduced size' --inplace\t'Elementwise operations write over an input nobody needs' --no-inplace\t'Not: Elementwise operations write over an input nobody needs' --format\t'How to write the answer: table, json, ndjson, csv, markdown, latex' -f\t'How to write the answer: table, json, ndjson, csv, markdown, latex' --output\t'Write to this file; its ending says the format' -o\t'Write to this file; its ending says the format' --help\t'Show help and exit.' -h\t'Show help and exit.'
        case explain
            set found --experiment\t'Measure what residual connections do, here and now (about 10 s)' --full\t'More than a screen: each step, uses, limits, growth, a training step' --list\t'List the topics and their aliases' --format\t'How to write the answer: text, table, json, ndjson, csv, markdown, latex; text is its table, csv its numbers' -f\t'How to write the answer: text, table, json, ndjson, csv, markdown, latex; text is its table, csv its numbers' --output\t'Write to this file' -o\t'Write to this file' --help\t'Show help and exit.' -h\t'Show help and exit.'
        case verify
            set found --variants\t'These variants, comma-separated, or all' --random\t'Verify this many generated layers instead' --seed\t'Which layers are generated' --self-test\t'Break rules on purpose and show which check catches each' --engine\t'Hold values against an engine: onnxruntime, torch' --residual\t'A shortcut on every replacement' --verify-limit\t'Rows with more multiply-adds are executed at a reduced size' --inplace\t'Elementwise operations write over an input nobody needs' --no-inplace\t'Not: Elementwise operations write over an input nobody needs' --norm\t'A BatchNorm after every convolution' --activation\t'This after every convolution that has one: relu, relu6, leaky-relu, elu, selu, gelu, silu, mish, hardswish, hardsigmoid, sigmoid, tanh' --format\t'How to write the answer: table, json, ndjson, csv, markdown, latex' -f\t'How to write the answer: table, json, ndjson, csv, markdown, latex' --output\t'Write to this file; its ending says the format' -o\t'Write to this file; its ending says the format' --help\t'Show help and exit.' -h\t'Show help and exit.'
        case export
            set found --variant\t'Which variant of the layer' --network\t'This network; SPEC then says its input' --weights\t'random, ones, or an .npz file of arrays by name' --seed\t'Which random weights' --residual\t'A shortcut on every replacement' --output\t'Write to this file' -o\t'Write to this file' --norm\t'A BatchNorm after every convolution' --activation\t'This after every convolution that has one: relu, relu6, leaky-relu, elu, selu, gelu, silu, mish, hardswish, hardsigmoid, sigmoid, tanh' --help\t'Show help and exit.' -h\t'Show help and exit.'
        case help
            set found --help\t'Show help and exit.' -h\t'Show help and exit.'
        case schema
            set found --help\t'Show help and exit.' -h\t'Show help and exit.'
        case completion
            set found --help\t'Show help and exit.' -h\t'Show help and exit.'
    end
end

function __convcost_values --no-scope-shadowing
    switch "$command:$option"
        case compare:--variants fit:--variants verify:--variants
            __convcost_list standard\t'one kxk: space and channels in one operation' spatially-separable\t'1xk then kx1, one axis a pass (Inception v3)' spatially-separable-reversed\t'kx1 then 1xk: the passes in the other order' 2plus1d\t'1xkxk then kx1x1: space, then time (R(2+1)D)' depthwise-separable\t'depthwise then pointwise (MobileNet, Xception)' blueprint-separable\t'pointwise then depthwise (BSConv-U)' low-rank\t'kxk to the middle channels, then 1x1 (Zhang et al. 2015)' low-rank-reversed\t'1x1 to the middle channels, then kxk' ghost\t'kxk to half the channels, a depthwise 3x3 makes the rest (GhostNet)' grouped\t'kxk in g groups (AlexNet, ResNeXt)' bottleneck\t'1x1 down, kxk, 1x1 up; no shortcut' basic-block\t'two kxk and a shortcut (ResNet-18/34)' residual-bottleneck\t'the bottleneck and a shortcut (ResNet-50)' inverted-residual\t'1x1 up, depthwise, 1x1 down, shortcut when shapes agree (MobileNetV2)' mbconv\t'inverted residual with squeeze-and-excitation (EfficientNet)' fused-mbconv\t'kxk up, 1x1 down, shortcut when shapes agree (EfficientNetV2)' tcn\t'two dilated causal convolutions and a shortcut (TCN)' depthwise\t'kxk on each channel alone, m outputs a channel' pointwise\t'1x1: channels only' as-given\t'the layer as it is described' all\t'every variant'
        case compare:--baseline export:--variant
            set found standard\t'one kxk: space and channels in one operation' spatially-separable\t'1xk then kx1, one axis a pass (Inception v3)' spatially-separable-reversed\t'kx1 then 1xk: the passes in the other order' 2plus1d\t'1xkxk then kx1x1: space, then time (R(2+1)D)' depthwise-separable\t'depthwise then pointwise (MobileNet, Xception)' blueprint-separable\t'pointwise then depthwise (BSConv-U)' low-rank\t'kxk to the middle channels, then 1x1 (Zhang et al. 2015)' low-rank-reversed\t'1x1 to the middle channels, then kxk' ghost\t'kxk to half the channels, a depthwise 3x3 makes the rest (GhostNet)' grouped\t'kxk in g groups (AlexNet, ResNeXt)' bottleneck\t'1x1 down, kxk, 1x1 up; no shortcut' basic-block\t'two kxk and a shortcut (ResNet-18/34)' residual-bottleneck\t'the bottleneck and a shortcut (ResNet-50)' inverted-residual\t'1x1 up, depthwise, 1x1 down, shortcut when shapes agree (MobileNetV2)' mbconv\t'inverted residual with squeeze-and-excitation (EfficientNet)' fused-mbconv\t'kxk up, 1x1 down, shortcut when shapes agree (EfficientNetV2)' tcn\t'two dilated causal convolutions and a shortcut (TCN)' depthwise\t'kxk on each channel alone, m outputs a channel' pointwise\t'1x1: channels only' as-given\t'the layer as it is described'
        case compare:--front compare:--sort fit:--best
            set found standard\t'one kxk: space and channels in one operation' spatially-separable\t'1xk then kx1, one axis a pass (Inception v3)' spatially-separable-reversed\t'kx1 then 1xk: the passes in the other order' 2plus1d\t'1xkxk then kx1x1: space, then time (R(2+1)D)' depthwise-separable\t'depthwise then pointwise (MobileNet, Xception)' blueprint-separable\t'pointwise then depthwise (BSConv-U)' low-rank\t'kxk to the middle channels, then 1x1 (Zhang et al. 2015)' low-rank-reversed\t'1x1 to the middle channels, then kxk' ghost\t'kxk to half the channels, a depthwise 3x3 makes the rest (GhostNet)' grouped\t'kxk in g groups (AlexNet, ResNeXt)' bottleneck\t'1x1 down, kxk, 1x1 up; no shortcut' basic-block\t'two kxk and a shortcut (ResNet-18/34)' residual-bottleneck\t'the bottleneck and a shortcut (ResNet-50)' inverted-residual\t'1x1 up, depthwise, 1x1 down, shortcut when shapes agree (MobileNetV2)' mbconv\t'inverted residual with squeeze-and-excitation (EfficientNet)' fused-mbconv\t'kxk up, 1x1 down, shortcut when shapes agree (EfficientNetV2)' tcn\t'two dilated causal convolutions and a shortcut (TCN)' depthwise\t'kxk on each channel alone, m outputs a channel' pointwise\t'1x1: channels only' residual\t'topic'
        case compare:--in layer:--in export:--network
            set found alexnet\t'built-in network' alexnet-paper\t'built-in network' convnext-tiny\t'built-in network' densenet121\t'built-in network' ds-cnn\t'built-in network' efficientnet-b0\t'built-in network' efficientnet-b1\t'built-in network' efficientnet-b2\t'built-in network' efficientnet-b3\t'built-in network' efficientnet-b4\t'built-in network' efficientnet-b5\t'built-in network' efficientnet-b6\t'built-in network' efficientnet-b7\t'built-in network' efficientnet-v2-s\t'built-in network' ghostnet\t'built-in network' googlenet\t'built-in network' googlenet-paper\t'built-in network' inception-v3\t'built-in network' lenet-5\t'built-in network' mnasnet\t'built-in network' mobilenet-v1\t'built-in network' mobilenet-v2\t'built-in network' mobilenet-v3-large\t'built-in network' mobilenet-v3-small\t'built-in network' regnetx-400mf\t'built-in network' resnet18\t'built-in network' resnet34\t'built-in network' resnet50\t'built-in network' resnet50-v1\t'built-in network' resnet101\t'built-in network' resnet101-v1\t'built-in network' resnet152\t'built-in network' resnet152-v1\t'built-in network' resnext50-32x4d\t'built-in network' r2plus1d-18\t'built-in network' shufflenet-v2\t'built-in network' squeezenet1.0\t'built-in network' squeezenet1.1\t'built-in network' u-net\t'built-in network' vgg11\t'built-in network' vgg13\t'built-in network' vgg16\t'built-in network' vgg19\t'built-in network' vit-b16\t'built-in network' wavenet-stack\t'built-in network' wide-resnet50-2\t'built-in network' xception\t'built-in network' yolov5s\t'built-in network'; __convcost_files .txt .onnx
        case compare:--layer compare:--top compare:--verify-limit layer:--layer layer:--verify-limit network:--width network:--depth network:--batch network:--input network:--verify-limit reconcile:--sizes reconcile:--width reconcile:--depth reconcile:--batch reconcile:--input reconcile:--verify-limit swap:--width swap:--depth swap:--batch swap:--input swap:--verify-limit fit:--top fit:--width fit:--size fit:--params fit:--macs fit:--effective-macs fit:--flops fit:--elementwise fit:--conv-activations fit:--weight-bytes fit:--activation-bytes fit:--peak-bytes fit:--traffic-bytes fit:--verify-limit verify:--random verify:--seed verify:--verify-limit export:--weights export:--seed
        case compare:--convention layer:--convention network:--convention reconcile:--convention swap:--convention zoo:--convention
            set found multiply-adds\t'says mult-adds' infer_gmacs\t'says GMACs' infer_macts\t'says Macts' fvcore\t'says flops' mmengine\t'says flops' FlopCounterMode\t'says flops' ptflops-aten\t'says MACs' torchprofile\t'says MACs' torchscan-operator-flops\t'says FLOPs' jax\t'says flops' onnx-tool\t'says MACs' tf.profiler\t'says float ops' thop\t'says MACs' ultralytics-thop\t'says MACs' torchinfo\t'says mult-adds' torch-summary\t'says mult-adds' flopth\t'says FLOPs' torchscan-macs\t'says MACs' torchscan-flops\t'says FLOPs' mmcv\t'says FLOPs' calflops-flops\t'says FLOPs' calflops-macs\t'says MACs' deepspeed-flops\t'says FLOPs' deepspeed-macs\t'says MACs' ptflops-pytorch\t'says MACs' ptflops-hooks\t'says MACs'
        case compare:--columns layer:--columns fit:--columns
            __convcost_list variant\t'variant' role\t'role' settings\t'settings' output_shape\t'output' receptive_field\t'receptive field' mixes\t'mixes' params\t'params' relative.params\t'params × base' macs\t'MACs' relative.macs\t'MACs × base' effective_macs\t'effective MACs' relative.effective_macs\t'effective MACs × base' flops\t'FLOPs' elementwise\t'elementwise' conv_activations\t'conv activations' weight_bytes\t'weights' activation_bytes\t'activations' peak_bytes\t'peak' relative.peak_bytes\t'peak × base' traffic_bytes\t'traffic' relative.traffic_bytes\t'traffic × base' arithmetic_intensity\t'FLOPs / byte' measured.seconds\t'run time' measured.macs_per_second\t'MACs / second' verified\t'verified'
        case compare:--where swap:--where fit:--where
            __convcost_spec ''
        case compare:--activation layer:--activation fit:--activation verify:--activation export:--activation
            set found relu relu6 leaky-relu elu selu gelu silu mish hardswish hardsigmoid sigmoid tanh
        case compare:--format compare:-f layer:--format layer:-f variants:--format variants:-f network:--format network:-f reconcile:--format reconcile:-f swap:--format swap:-f zoo:--format zoo:-f fit:--format fit:-f verify:--format verify:-f
            set found table\t'for people' json\t'one document, laid out for reading' ndjson\t'a document a line, for scripts' csv\t'a line a row, field names as in JSON' markdown\t'a table for documents' latex\t'a table for papers: usepackage{booktabs}'
        case compare:--output compare:-o layer:--output layer:-o variants:--output variants:-o network:--output network:-o reconcile:--output reconcile:-o swap:--output swap:-o zoo:--output zoo:-o fit:--output fit:-o explain:--output explain:-o verify:--output verify:-o export:--output export:-o
            __convcost_files .txt .json .ndjson .csv .md .tex
        case reconcile:--per-layer
            __convcost_files ''
        case swap:--to
            set found standard\t'one kxk: space and channels in one operation' spatially-separable\t'1xk then kx1, one axis a pass (Inception v3)' spatially-separable-reversed\t'kx1 then 1xk: the passes in the other order' 2plus1d\t'1xkxk then kx1x1: space, then time (R(2+1)D)' depthwise-separable\t'depthwise then pointwise (MobileNet, Xception)' blueprint-separable\t'pointwise then depthwise (BSConv-U)' low-rank\t'kxk to the middle channels, then 1x1 (Zhang et al. 2015)' low-rank-reversed\t'1x1 to the middle channels, then kxk' ghost\t'kxk to half the channels, a depthwise 3x3 makes the rest (GhostNet)' grouped\t'kxk in g groups (AlexNet, ResNeXt)' bottleneck\t'1x1 down, kxk, 1x1 up; no shortcut' basic-block\t'two kxk and a shortcut (ResNet-18/34)' residual-bottleneck\t'the bottleneck and a shortcut (ResNet-50)' inverted-residual\t'1x1 up, depthwise, 1x1 down, shortcut when shapes agree (MobileNetV2)' mbconv\t'inverted residual with squeeze-and-excitation (EfficientNet)' fused-mbconv\t'kxk up, 1x1 down, shortcut when shapes agree (EfficientNetV2)' tcn\t'two dilated causal convolutions and a shortcut (TCN)'
        case explain:--format explain:-f
            set found text table\t'for people' json\t'one document, laid out for reading' ndjson\t'a document a line, for scripts' csv\t'a line a row, field names as in JSON' markdown\t'a table for documents' latex\t'a table for papers: usepackage{booktabs}'
        case verify:--engine
            set found onnxruntime torch
        case ':'
            set found compare\t'Compare every variant of a convolution: what each costs, side by side, and checked by executing it' layer\t'Answer for exactly the layer described, nothing else' variants\t'List the variants, one a line: name, role, structure, and when compare shows it without being asked' network\t'Count a whole network: totals, shares, peak and training memory, its layers executed and checked' reconcile\t'Say how other tools count a network or a layer, and which of them prints a figure: a sum of named terms' swap\t'Replace convolutions of a network by a variant: the cost before, after, and the ratio' zoo\t'List the built-in networks: input, params and MACs as published, and where each is described' fit\t'Find what meets a budget: the variants and settings of a layer, the width and size of a network' explain\t'Explain a variant on a screen: the reason, the formula with this layer’s numbers, what is measured in this run' verify\t'Show the evidence: execute every variant in every way there is, and compare with what is printed' export\t'Write a variant of a layer, or a whole network, as an ONNX file, with random weights or yours' help\t'Explain the notation of layers, or another topic, on one screen' schema\t'Print the JSON Schema that every JSON answer follows' completion\t'Print the completion script of a shell; the scripts answer without starting Python'
        case '*:'
            switch "$command:$position"
                case compare:1 compare:2 compare:3 layer:1 layer:2 layer:3 verify:1 verify:2 verify:3 export:1 export:2 export:3
                    __convcost_spec ''
                case network:1 reconcile:1 swap:1 zoo:1
                    set found alexnet\t'built-in network' alexnet-paper\t'built-in network' convnext-tiny\t'built-in network' densenet121\t'built-in network' ds-cnn\t'built-in network' efficientnet-b0\t'built-in network' efficientnet-b1\t'built-in network' efficientnet-b2\t'built-in network' efficientnet-b3\t'built-in network' efficientnet-b4\t'built-in network' efficientnet-b5\t'built-in network' efficientnet-b6\t'built-in network' efficientnet-b7\t'built-in network' efficientnet-v2-s\t'built-in network' ghostnet\t'built-in network' googlenet\t'built-in network' googlenet-paper\t'built-in network' inception-v3\t'built-in network' lenet-5\t'built-in network' mnasnet\t'built-in network' mobilenet-v1\t'built-in network' mobilenet-v2\t'built-in network' mobilenet-v3-large\t'built-in network' mobilenet-v3-small\t'built-in network' regnetx-400mf\t'built-in network' resnet18\t'built-in network' resnet34\t'built-in network' resnet50\t'built-in network' resnet50-v1\t'built-in network' resnet101\t'built-in network' resnet101-v1\t'built-in network' resnet152\t'built-in network' resnet152-v1\t'built-in network' resnext50-32x4d\t'built-in network' r2plus1d-18\t'built-in network' shufflenet-v2\t'built-in network' squeezenet1.0\t'built-in network' squeezenet1.1\t'built-in network' u-net\t'built-in network' vgg11\t'built-in network' vgg13\t'built-in network' vgg16\t'built-in network' vgg19\t'built-in network' vit-b16\t'built-in network' wavenet-stack\t'built-in network' wide-resnet50-2\t'built-in network' xception\t'built-in network' yolov5s\t'built-in network'; __convcost_files .txt .onnx
                case network:2 network:3 reconcile:2 reconcile:3 swap:2 swap:3 zoo:2
                    __convcost_spec '[0-9]+[^0-9xd]|[0-9]+x|k[0-9]|s[0-9]|p[0-9]|psame[^a-z0-9-]|psame-upper[^a-z0-9-]|pvalid[^a-z0-9-]|d[0-9]|g[0-9]|e[0-9]|ratio=|m[0-9]|mid=|op[0-9]|mode=|bias[^a-z0-9-]|bias=last[^a-z0-9-]|t[^a-z0-9-]|v1[^a-z0-9-]|1d[^a-z0-9-]|2d[^a-z0-9-]|3d[^a-z0-9-]'
                case fit:1 fit:2 fit:3
                    __convcost_spec '' alexnet\t'built-in network' alexnet-paper\t'built-in network' convnext-tiny\t'built-in network' densenet121\t'built-in network' ds-cnn\t'built-in network' efficientnet-b0\t'built-in network' efficientnet-b1\t'built-in network' efficientnet-b2\t'built-in network' efficientnet-b3\t'built-in network' efficientnet-b4\t'built-in network' efficientnet-b5\t'built-in network' efficientnet-b6\t'built-in network' efficientnet-b7\t'built-in network' efficientnet-v2-s\t'built-in network' ghostnet\t'built-in network' googlenet\t'built-in network' googlenet-paper\t'built-in network' inception-v3\t'built-in network' lenet-5\t'built-in network' mnasnet\t'built-in network' mobilenet-v1\t'built-in network' mobilenet-v2\t'built-in network' mobilenet-v3-large\t'built-in network' mobilenet-v3-small\t'built-in network' regnetx-400mf\t'built-in network' resnet18\t'built-in network' resnet34\t'built-in network' resnet50\t'built-in network' resnet50-v1\t'built-in network' resnet101\t'built-in network' resnet101-v1\t'built-in network' resnet152\t'built-in network' resnet152-v1\t'built-in network' resnext50-32x4d\t'built-in network' r2plus1d-18\t'built-in network' shufflenet-v2\t'built-in network' squeezenet1.0\t'built-in network' squeezenet1.1\t'built-in network' u-net\t'built-in network' vgg11\t'built-in network' vgg13\t'built-in network' vgg16\t'built-in network' vgg19\t'built-in network' vit-b16\t'built-in network' wavenet-stack\t'built-in network' wide-resnet50-2\t'built-in network' xception\t'built-in network' yolov5s\t'built-in network'
                case explain:1
                    set found standard\t'one kxk: space and channels in one operation' spatially-separable\t'1xk then kx1, one axis a pass (Inception v3)' spatially-separable-reversed\t'kx1 then 1xk: the passes in the other order' 2plus1d\t'1xkxk then kx1x1: space, then time (R(2+1)D)' depthwise-separable\t'depthwise then pointwise (MobileNet, Xception)' blueprint-separable\t'pointwise then depthwise (BSConv-U)' low-rank\t'kxk to the middle channels, then 1x1 (Zhang et al. 2015)' low-rank-reversed\t'1x1 to the middle channels, then kxk' ghost\t'kxk to half the channels, a depthwise 3x3 makes the rest (GhostNet)' grouped\t'kxk in g groups (AlexNet, ResNeXt)' bottleneck\t'1x1 down, kxk, 1x1 up; no shortcut' basic-block\t'two kxk and a shortcut (ResNet-18/34)' residual-bottleneck\t'the bottleneck and a shortcut (ResNet-50)' inverted-residual\t'1x1 up, depthwise, 1x1 down, shortcut when shapes agree (MobileNetV2)' mbconv\t'inverted residual with squeeze-and-excitation (EfficientNet)' fused-mbconv\t'kxk up, 1x1 down, shortcut when shapes agree (EfficientNetV2)' tcn\t'two dilated causal convolutions and a shortcut (TCN)' depthwise\t'kxk on each channel alone, m outputs a channel' pointwise\t'1x1: channels only' residual\t'topic'
                case explain:2 explain:3
                    __convcost_spec '' standard\t'one kxk: space and channels in one operation' spatially-separable\t'1xk then kx1, one axis a pass (Inception v3)' spatially-separable-reversed\t'kx1 then 1xk: the passes in the other order' 2plus1d\t'1xkxk then kx1x1: space, then time (R(2+1)D)' depthwise-separable\t'depthwise then pointwise (MobileNet, Xception)' blueprint-separable\t'pointwise then depthwise (BSConv-U)' low-rank\t'kxk to the middle channels, then 1x1 (Zhang et al. 2015)' low-rank-reversed\t'1x1 to the middle channels, then kxk' ghost\t'kxk to half the channels, a depthwise 3x3 makes the rest (GhostNet)' grouped\t'kxk in g groups (AlexNet, ResNeXt)' bottleneck\t'1x1 down, kxk, 1x1 up; no shortcut' basic-block\t'two kxk and a shortcut (ResNet-18/34)' residual-bottleneck\t'the bottleneck and a shortcut (ResNet-50)' inverted-residual\t'1x1 up, depthwise, 1x1 down, shortcut when shapes agree (MobileNetV2)' mbconv\t'inverted residual with squeeze-and-excitation (EfficientNet)' fused-mbconv\t'kxk up, 1x1 down, shortcut when shapes agree (EfficientNetV2)' tcn\t'two dilated causal convolutions and a shortcut (TCN)' depthwise\t'kxk on each channel alone, m outputs a channel' pointwise\t'1x1: channels only' residual\t'topic'
                case help:1
                    set found spec\t'the notation of layers' lines\t'layers of PyTorch, Keras, Flax and Paddle' words\t'what params, MACs, peak bytes … mean' json\t'what JSON answers say, and what convcost/2 changed' verification\t'what each check executes, and what none can see' formats\t'how answers are written, and where'
                case completion:1
                    set found bash\t'the script for bash' zsh\t'the script for zsh' fish\t'the script for fish' powershell\t'the script for powershell'
            end
    end
end

# Names that may follow one another behind commas.
function __convcost_list --no-scope-shadowing
    set found $argv
    set before $before(string replace -r '[^,]*$' '' -- "$want")
    set taken (string split , -- $want)[1..-2]
end

# The words before the cursor -> `command`, `option` if it waits for its value, and `taken`: what need not be offered
# again. Then everything that may stand where the cursor is.
function __convcost_complete
    set -l words (commandline -opc)
    set -l want (commandline -ct)
    set -l command ''
    set -l option ''
    set -l position 1
    set -l before ''
    set -l taken
    set -l found
    for word in $words[2..-1]
        if test -n "$option"
            set option ''
        else if string match -q -- '-?*' $word
            contains -- "$command:$word" compare:--variants fit:--variants verify:--variants compare:--baseline export:--variant compare:--front compare:--sort fit:--best compare:--in layer:--in export:--network compare:--layer compare:--top compare:--verify-limit layer:--layer layer:--verify-limit network:--width network:--depth network:--batch network:--input network:--verify-limit reconcile:--sizes reconcile:--width reconcile:--depth reconcile:--batch reconcile:--input reconcile:--verify-limit swap:--width swap:--depth swap:--batch swap:--input swap:--verify-limit fit:--top fit:--width fit:--size fit:--params fit:--macs fit:--effective-macs fit:--flops fit:--elementwise fit:--conv-activations fit:--weight-bytes fit:--activation-bytes fit:--peak-bytes fit:--traffic-bytes fit:--verify-limit verify:--random verify:--seed verify:--verify-limit export:--weights export:--seed compare:--convention layer:--convention network:--convention reconcile:--convention swap:--convention zoo:--convention compare:--columns layer:--columns fit:--columns compare:--where swap:--where fit:--where compare:--activation layer:--activation fit:--activation verify:--activation export:--activation compare:--format compare:-f layer:--format layer:-f variants:--format variants:-f network:--format network:-f reconcile:--format reconcile:-f swap:--format swap:-f zoo:--format zoo:-f fit:--format fit:-f verify:--format verify:-f compare:--output compare:-o layer:--output layer:-o variants:--output variants:-o network:--output network:-o reconcile:--output reconcile:-o swap:--output swap:-o zoo:--output zoo:-o fit:--output fit:-o explain:--output explain:-o verify:--output verify:-o export:--output export:-o reconcile:--per-layer swap:--to explain:--format explain:-f verify:--engine; and set option $word
            set word (string replace -r '=.*' '' -- $word)
            switch "$command:$word"
                case network:--input
                case reconcile:--input
                case swap:--input
                case '*:--help' '*:-h'
                    set -a taken --help -h
                case '*:--format' '*:-f'
                    set -a taken --format -f
                case '*:--output' '*:-o'
                    set -a taken --output -o
                case '*'
                    set -a taken $word
            end
        else if test -n "$command"
            test $position = 3; or set position (math $position + 1)
            set -a taken $word
        else
            set command $word
        end
    end
    if test -z "$option"; and string match -q -- '--*=*' $want
        set option (string replace -r '=.*' '' -- $want)
        set want (string replace -r '^[^=]*=' '' -- $want)
        set before "$option="
    end
    if test -z "$option"; and string match -q -- '-*' $want
        __convcost_options
    else
        __convcost_values
    end
    set taken (string escape --style=regex -- $taken | string join '|')
    printf '%s\n' $before(string match -rv -- "^($taken)(\t|\$)" $found)
end

complete -c convcost -f -a '(__convcost_complete)'
