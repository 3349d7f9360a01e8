# PowerShell completion for convcost, made by `convcost completion powershell`: do not edit.
# PowerShell splats @56: write in=56, or quote '@56'. Windows PowerShell asks no completer about - and -- alone.

Register-ArgumentCompleter -Native -CommandName 'convcost' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    # Candidates are written text|help. All that they are found by is in here: whoever runs this script, and in
    # whatever scope, PowerShell calls only this block.
    function Get-ConvcostToken {
        if ($want -cmatch '^[0-9]+:') {
            $start = $Matches[0]
            foreach ($value in 3, 16, 24, 32, 48, 64, 96, 128, 160, 192, 256, 320, 384, 512, 768, 1024, 2048) { "$start$value|out channels" }
            return
        }
        if ($want -cmatch '^[0-9]+$') { return '3:|in channels', '16:|in channels', '24:|in channels', '32:|in channels', '48:|in channels', '64:|in channels', '96:|in channels', '128:|in channels', '160:|in channels', '192:|in channels', '256:|in channels', '320:|in channels', '384:|in channels', '512:|in channels', '768:|in channels', '1024:|in channels', '2048:|in channels', '1d|one axis', '2d|two axes', '3d|three axes' }
        $start = ''
        $values = @()
        $help = ''
        switch -CaseSensitive -Wildcard ($want) {
            'ratio=*' { $start = 'ratio='; $values = @('2', '4', '8'); $help = 'bottleneck ratio'; break }
            'mode=*' { $start = 'mode='; $values = @('zeros', 'reflect', 'replicate', 'circular'); $help = 'padding mode'; break }
            'mid=*' { $start = 'mid='; $values = @('16', '24', '32', '48', '64', '96', '128', '160', '192', '256', '320', '384', '512', '768', '1024', '2048'); $help = 'mid channels'; break }
            'in=*' { $start = 'in='; $values = @('7', '8', '14', '16', '28', '32', '56', '64', '112', '128', '224', '256', '299', '320', '640', '1024'); $help = 'input size'; break }
            'op*' { $start = 'op'; $values = @('0', '1'); $help = 'output padding'; break }
            '@*' { $start = '@'; $values = @('7', '8', '14', '16', '28', '32', '56', '64', '112', '128', '224', '256', '299', '320', '640', '1024'); $help = 'input size'; break }
            'k*' { $start = 'k'; $values = @('1', '3', '5', '7', '1x3', '3x1', '1x7', '7x1'); $help = 'kernel size'; break }
            's*' { $start = 's'; $values = @('1', '2'); $help = 'stride'; break }
            'p*' { $start = 'p'; $values = @('0', '1', '2', '3'); $help = 'padding'; break }
            'd*' { $start = 'd'; $values = @('1', '2', '4'); $help = 'dilation'; break }
            'g*' { $start = 'g'; $values = @('2', '4', '8', '16', '32', '64'); $help = 'groups'; break }
            'e*' { $start = 'e'; $values = @('1', '2', '3', '4', '6'); $help = 'expansion ratio'; break }
            'm*' { $start = 'm'; $values = @('1', '2', '4'); $help = 'depth multiplier'; break }
            'n*' { $start = 'n'; $values = @('1', '2', '4', '8', '16', '32', '64', '128', '256'); $help = 'batch'; break }
        }
        if ($want -cmatch '^(?:@|in=|k|s|p|d|op)[0-9].*x') {
            $start = $Matches[0]
            $values = @($values -cnotmatch 'x')
        } else {
            if (-not $want) { '64:128|in and out channels' }
            '@|input size', 'in=|input size', 'k3|kernel size', 's2|stride', 'p1|padding', 'd2|dilation', 'g32|groups', 'e6|expansion ratio', 'ratio=|bottleneck ratio', 'm2|depth multiplier', 'mid=|mid channels', 'n8|batch', 'op1|output padding', 'mode=|padding mode', 'bias|a bias on every convolution', 'bias=last|a bias on the last convolution of a block', 't|transposed', 'v1|a bottleneck''s stride on its first 1x1', '1d|one axis', '2d|two axes', '3d|three axes', 'psame|output = ceil(input / stride)', 'psame-upper|the same, as TensorFlow and ONNX pad', 'pvalid|no padding', 'fp64|64 bits a number', 'fp32|32 bits a number', 'fp16|16 bits a number', 'bf16|16 bits a number', 'fp8|8 bits a number', 'int16|16 bits a number', 'int8|8 bits a number', 'uint8|8 bits a number', 'int4|4 bits a number', 'binary|1 bit a number', 'w8a8|8-bit integers', 'w8a16|weights of 8 bits, activations of 16', 'w4a16|weights of 4 bits'
        }
        foreach ($value in $values) { "$start$value|$help" }
    }

    # Tokens of a spec, but for what is given already: `drop` says how tokens begin that do not belong, `names` what
    # may stand before the spec.
    function Get-ConvcostSpec([string] $drop, [string[]] $names) {
        foreach ($kind in @('[0-9]+[^0-9xd]', '[0-9]+x|k[0-9]', '@|in=', 's[0-9]', 'p[0-9]|psame[^a-z0-9-]|psame-upper[^a-z0-9-]|pvalid[^a-z0-9-]', 'd[0-9]', 'g[0-9]', 'e[0-9]', 'ratio=', 'm[0-9]', 'mid=', 'n[0-9]', 'op[0-9]', 'mode=', 'bias[^a-z0-9-]|bias=last[^a-z0-9-]', 't[^a-z0-9-]', 'v1[^a-z0-9-]', '1d[^a-z0-9-]|2d[^a-z0-9-]|3d[^a-z0-9-]', 'fp64[^a-z0-9-]|fp32[^a-z0-9-]|fp16[^a-z0-9-]|bf16[^a-z0-9-]|fp8[^a-z0-9-]|int16[^a-z0-9-]|int8[^a-z0-9-]|uint8[^a-z0-9-]|int4[^a-z0-9-]|binary[^a-z0-9-]|w[0-9]')) {
            if (" $($taken -join ' ') " -cmatch " ($kind)") { $drop = "$drop|$kind".TrimStart('|') }
        }
        $tokens = @(Get-ConvcostToken)
        if ($drop) { $tokens -cnotmatch "^($drop)" } else { $tokens + $names }
    }

    # Files whose names end as given, and folders.
    function Get-ConvcostFile([string[]] $endings) {
        $folder = $want -replace '[^\\/]*$'
        $place = if ($folder) { $folder } else { '.' }
        foreach ($item in Get-ChildItem -LiteralPath $place -ErrorAction SilentlyContinue) {
            $name = $item.Name
            if ($item.PSIsContainer) {
                "$folder$name/|folder"
            } elseif ($endings | Where-Object { $name.EndsWith($_, [StringComparison]::OrdinalIgnoreCase) }) {
                "$folder$name|file"
            }
        }
    }

    # PowerShell takes commas for lists of its own, so the words are read off the line as it was typed.
    $start = $commandAst.CommandElements[0].Extent.EndOffset
    $typed = $commandAst.Extent.Text.Substring($start - $commandAst.Extent.StartOffset)
    $length = $cursorPosition - $start
    if ($length -gt $typed.Length) { $typed += ' ' } else { $typed = $typed.Substring(0, $length) }
    $words = @($typed -replace '[''"]' -split '[\s`]+')
    $want = $words[-1]
    $command = ''
    $option = ''
    $position = 1
    $taken = @()
    for ($i = 1; $i -lt $words.Count - 1; $i++) {
        $word = $words[$i]
        if ($option) {
            $option = ''
        } elseif ($word -clike '-?*') {
            if (@('compare:--variants', 'verify:--variants', 'compare:--baseline', 'compare:--front', 'compare:--sort', 'compare:--in', 'layer:--in', 'compare:--layer', 'compare:--top', 'compare:--verify-limit', 'layer:--layer', 'layer:--verify-limit', 'network:--width', 'network:--depth', 'network:--batch', 'network:--input', 'network:--verify-limit', 'reconcile:--sizes', 'reconcile:--width', 'reconcile:--depth', 'reconcile:--batch', 'reconcile:--input', 'reconcile:--verify-limit', 'swap:--width', 'swap:--depth', 'swap:--batch', 'swap:--input', 'swap:--verify-limit', 'verify:--random', 'verify:--seed', 'verify:--verify-limit', 'compare:--columns', 'layer:--columns', 'compare:--where', 'swap:--where', 'compare:--activation', 'layer:--activation', 'verify:--activation', 'compare:--format', 'compare:-f', 'layer:--format', 'layer:-f', 'variants:--format', 'variants:-f', 'network:--format', 'network:-f', 'reconcile:--format', 'reconcile:-f', 'swap:--format', 'swap:-f', 'zoo:--format', 'zoo:-f', 'verify:--format', 'verify:-f', 'compare:--output', 'compare:-o', 'layer:--output', 'layer:-o', 'variants:--output', 'variants:-o', 'network:--output', 'network:-o', 'reconcile:--output', 'reconcile:-o', 'swap:--output', 'swap:-o', 'zoo:--output', 'zoo:-o', 'explain:--output', 'explain:-o', 'verify:--output', 'verify:-o', 'network:--convention', 'reconcile:--convention', 'swap:--convention', 'zoo:--convention', 'reconcile:--per-layer', 'swap:--to', 'explain:--format', 'explain:-f') -ccontains "${command}:$word") { $option = $word }
            $word = $word -replace '=.*'
            switch -CaseSensitive -Regex ("${command}:$word") {
                '^network:--input$' { break }
                '^reconcile:--input$' { break }
                '^swap:--input$' { break }
                '^(?:.*:--help|.*:-h)$' { $taken += @('--help', '-h'); break }
                '^(?:.*:--format|.*:-f)$' { $taken += @('--format', '-f'); break }
                '^(?:.*:--output|.*:-o)$' { $taken += @('--output', '-o'); break }
                default { $taken += $word }
            }
        } elseif ($command) {
            if ($position -lt 3) { $position++ }
            $taken += $word
        } else {
            $command = $word
        }
    }

    # PowerShell replaces what stands behind the last comma, unless the commas are in quotes.
    $kept = ''
    if (-not "$wordToComplete".Contains(',')) { $kept = $want.Substring(0, $want.LastIndexOf(',') + 1) }
    $before = ''
    if (-not $option -and $want -clike '--*=*') {
        $option, $want = $want -split '=', 2
        $before = "$option="
    }
    $list = $false
    $found = @()
    if (-not $option -and $want -clike '-*') {
        switch -CaseSensitive ($command) {
            '' { $found = @('--version|Print the version and exit', '--help|Show help and exit.', '-h|Show help and exit.') }
            'compare' { $found = @('--variants|These variants, comma-separated, or all', '--baseline|The row that ratios relate to', '--residual|A shortcut on every replacement', '--exact|Whole numbers in tables, digits in groups', '--measure|Run each variant on this machine: seconds, and multiply-adds a second', '--front|Rows that no other beats in these', '--in|A layer of this network, or ONNX file', '--layer|Its name, as network --per-layer shows', '--per-op|A line for each operation of each row', '--columns|Words to show, comma-separated', '--where|Rows such as ''macs<=30M''', '--sort|Least first; max:macs: most first', '--top|So many rows', '--norm|A BatchNorm after every convolution', '--activation|This after every convolution that has one: relu, relu6, leaky-relu, elu, selu, gelu, silu, mish, hardswish, hardsigmoid, sigmoid, tanh', '--verify|Execute every row and check it', '--no-verify|Not: Execute every row and check it', '--verify-limit|Rows with more multiply-adds are executed at a reduced size', '--inplace|Elementwise operations write over an input nobody needs', '--no-inplace|Not: Elementwise operations write over an input nobody needs', '--format|How to write the answer: table, json, ndjson, csv, markdown, latex', '-f|How to write the answer: table, json, ndjson, csv, markdown, latex', '--output|Write to this file; its ending says the format', '-o|Write to this file; its ending says the format', '--help|Show help and exit.', '-h|Show help and exit.') }
            'layer' { $found = @('--exact|Whole numbers in tables, digits in groups', '--in|A layer of this network, or ONNX file', '--layer|Its name, as network --per-layer shows', '--per-op|A line for each operation of each row', '--columns|Words to show, comma-separated', '--norm|A BatchNorm after every convolution', '--activation|This after every convolution that has one: relu, relu6, leaky-relu, elu, selu, gelu, silu, mish, hardswish, hardsigmoid, sigmoid, tanh', '--verify|Execute every row and check it', '--no-verify|Not: Execute every row and check it', '--verify-limit|Rows with more multiply-adds are executed at a reduced size', '--inplace|Elementwise operations write over an input nobody needs', '--no-inplace|Not: Elementwise operations write over an input nobody needs', '--format|How to write the answer: table, json, ndjson, csv, markdown, latex', '-f|How to write the answer: table, json, ndjson, csv, markdown, latex', '--output|Write to this file; its ending says the format', '-o|Write to this file; its ending says the format', '--help|Show help and exit.', '-h|Show help and exit.') }
            'variants' { $found = @('--format|How to write the answer: table, json, ndjson, csv, markdown, latex', '-f|How to write the answer: table, json, ndjson, csv, markdown, latex', '--output|Write to this file; its ending says the format', '-o|Write to this file; its ending says the format', '--help|Show help and exit.', '-h|Show help and exit.') }
            'network' { $found = @('--width|Width multiplier, where the network has one', '--depth|Depth multiplier, where the network has one', '--batch|Batch, as the token n8', '--per-layer|A line for each operation', '--timeline|Draw activation memory, step by step', '--norm|With or without its BatchNorm', '--no-norm|Not: With or without its BatchNorm', '--as-text|Write it as a network file instead', '--exact|Whole numbers in tables, digits in groups', '--input|Shape of an ONNX file''s input; repeatable', '--strict|Exit with 1 if an operation of an ONNX file is not counted', '--convention|The figure of this tool beside ours; reconcile --list has them', '--verify|Execute every row and check it', '--no-verify|Not: Execute every row and check it', '--verify-limit|Rows with more multiply-adds are executed at a reduced size', '--inplace|Elementwise operations write over an input nobody needs', '--no-inplace|Not: Elementwise operations write over an input nobody needs', '--format|How to write the answer: table, json, ndjson, csv, markdown, latex', '-f|How to write the answer: table, json, ndjson, csv, markdown, latex', '--output|Write to this file; its ending says the format', '-o|Write to this file; its ending says the format', '--help|Show help and exit.', '-h|Show help and exit.') }
            'reconcile' { $found = @('--sizes|Explain figures at these input sizes too: 256,299', '--siblings|Explain figures by other forms of the network too: resnet50-v1', '--per-layer|Another tool''s figures, name,figure a line, or with a header, of which macs, mult-adds or flops is read: which layer differs first, and by what', '--convention|Only this convention', '--list|List the conventions, their words and sources', '--width|Width multiplier, where the network has one', '--depth|Depth multiplier, where the network has one', '--batch|Batch, as the token n8', '--norm|With or without its BatchNorm', '--no-norm|Not: With or without its BatchNorm', '--exact|Whole numbers in tables, digits in groups', '--input|Shape of an ONNX file''s input; repeatable', '--verify|Execute every row and check it', '--no-verify|Not: Execute every row and check it', '--verify-limit|Rows with more multiply-adds are executed at a reduced size', '--inplace|Elementwise operations write over an input nobody needs', '--no-inplace|Not: Elementwise operations write over an input nobody needs', '--format|How to write the answer: table, json, ndjson, csv, markdown, latex', '-f|How to write the answer: table, json, ndjson, csv, markdown, latex', '--output|Write to this file; its ending says the format', '-o|Write to this file; its ending says the format', '--help|Show help and exit.', '-h|Show help and exit.') }
            'swap' { $found = @('--to|What replaces them', '--where|Which convolutions: tokens, a name or pattern, op=12, macs>1%', '--width|Width multiplier, where the network has one', '--depth|Depth multiplier, where the network has one', '--batch|Batch, as the token n8', '--norm|With or without its BatchNorm', '--no-norm|Not: With or without its BatchNorm', '--input|Shape of an ONNX file''s input; repeatable', '--exact|Whole numbers in tables, digits in groups', '--convention|The figure of this tool beside ours; reconcile --list has them', '--verify|Execute every row and check it', '--no-verify|Not: Execute every row and check it', '--verify-limit|Rows with more multiply-adds are executed at a reduced size', '--inplace|Elementwise operations write over an input nobody needs', '--no-inplace|Not: Elementwise operations write over an input nobody needs', '--format|How to write the answer: table, json, ndjson, csv, markdown, latex', '-f|How to write the answer: table, json, ndjson, csv, markdown, latex', '--output|Write to this file; its ending says the format', '-o|Write to this file; its ending says the format', '--help|Show help and exit.', '-h|Show help and exit.') }
            'zoo' { $found = @('--exact|Whole numbers in tables, digits in groups', '--convention|The figure of this tool beside ours; reconcile --list has them', '--format|How to write the answer: table, json, ndjson, csv, markdown, latex', '-f|How to write the answer: table, json, ndjson, csv, markdown, latex', '--output|Write to this file; its ending says the format', '-o|Write to this file; its ending says the format', '--help|Show help and exit.', '-h|Show help and exit.') }
            'explain' { $found = @('--experiment|Measure what residual connections do, here and now (about 10 s)', '--full|More than a screen: each step, uses, limits, growth, a training step', '--list|List the topics and their aliases', '--format|How to write the answer; text is its table, csv its numbers', '-f|How to write the answer; text is its table, csv its numbers', '--output|Write to this file', '-o|Write to this file', '--help|Show help and exit.', '-h|Show help and exit.') }
            'verify' { $found = @('--variants|These variants, comma-separated, or all', '--random|Verify this many generated layers instead', '--seed|Which layers are generated', '--self-test|Break rules on purpose and show which check catches each', '--residual|A shortcut on every replacement', '--verify-limit|Rows with more multiply-adds are executed at a reduced size', '--inplace|Elementwise operations write over an input nobody needs', '--no-inplace|Not: Elementwise operations write over an input nobody needs', '--norm|A BatchNorm after every convolution', '--activation|This after every convolution that has one: relu, relu6, leaky-relu, elu, selu, gelu, silu, mish, hardswish, hardsigmoid, sigmoid, tanh', '--format|How to write the answer: table, json, ndjson, csv, markdown, latex', '-f|How to write the answer: table, json, ndjson, csv, markdown, latex', '--output|Write to this file; its ending says the format', '-o|Write to this file; its ending says the format', '--help|Show help and exit.', '-h|Show help and exit.') }
            'help' { $found = @('--help|Show help and exit.', '-h|Show help and exit.') }
            'schema' { $found = @('--help|Show help and exit.', '-h|Show help and exit.') }
            'completion' { $found = @('--help|Show help and exit.', '-h|Show help and exit.') }
        }
    } else {
        switch -CaseSensitive -Regex ("${command}:$option") {
            '^(?:compare:--variants|verify:--variants)$' { $found = @('standard|one kxk: space and channels in one operation', 'spatially-separable|1xk then kx1, one axis a pass (Inception v3)', '2plus1d|1xkxk then kx1x1: space, then time (R(2+1)D)', 'depthwise-separable|depthwise then pointwise (MobileNet, Xception)', 'blueprint-separable|pointwise then depthwise (BSConv-U)', 'low-rank|kxk to the middle channels, then 1x1 (Zhang et al. 2015)', 'ghost|kxk to half the channels, a depthwise 3x3 makes the rest (GhostNet)', 'grouped|kxk in g groups (AlexNet, ResNeXt)', 'bottleneck|1x1 down, kxk, 1x1 up; no shortcut', 'basic-block|two kxk and a shortcut (ResNet-18/34)', 'residual-bottleneck|the bottleneck and a shortcut (ResNet-50)', 'inverted-residual|1x1 up, depthwise, 1x1 down, shortcut when shapes agree (MobileNetV2)', 'mbconv|inverted residual with squeeze-and-excitation (EfficientNet)', 'fused-mbconv|kxk up, 1x1 down, shortcut when shapes agree (EfficientNetV2)', 'tcn|two dilated causal convolutions and a shortcut (TCN)', 'depthwise|kxk on each channel alone, m outputs a channel', 'pointwise|1x1: channels only', 'as-given|the layer as it is described', 'all|every variant'); $list = $true }
            '^(?:compare:--baseline)$' { $found = @('standard|one kxk: space and channels in one operation', 'spatially-separable|1xk then kx1, one axis a pass (Inception v3)', '2plus1d|1xkxk then kx1x1: space, then time (R(2+1)D)', 'depthwise-separable|depthwise then pointwise (MobileNet, Xception)', 'blueprint-separable|pointwise then depthwise (BSConv-U)', 'low-rank|kxk to the middle channels, then 1x1 (Zhang et al. 2015)', 'ghost|kxk to half the channels, a depthwise 3x3 makes the rest (GhostNet)', 'grouped|kxk in g groups (AlexNet, ResNeXt)', 'bottleneck|1x1 down, kxk, 1x1 up; no shortcut', 'basic-block|two kxk and a shortcut (ResNet-18/34)', 'residual-bottleneck|the bottleneck and a shortcut (ResNet-50)', 'inverted-residual|1x1 up, depthwise, 1x1 down, shortcut when shapes agree (MobileNetV2)', 'mbconv|inverted residual with squeeze-and-excitation (EfficientNet)', 'fused-mbconv|kxk up, 1x1 down, shortcut when shapes agree (EfficientNetV2)', 'tcn|two dilated causal convolutions and a shortcut (TCN)', 'depthwise|kxk on each channel alone, m outputs a channel', 'pointwise|1x1: channels only', 'as-given|the layer as it is described') }
            '^(?:compare:--front|compare:--sort)$' { $found = @('standard|one kxk: space and channels in one operation', 'spatially-separable|1xk then kx1, one axis a pass (Inception v3)', '2plus1d|1xkxk then kx1x1: space, then time (R(2+1)D)', 'depthwise-separable|depthwise then pointwise (MobileNet, Xception)', 'blueprint-separable|pointwise then depthwise (BSConv-U)', 'low-rank|kxk to the middle channels, then 1x1 (Zhang et al. 2015)', 'ghost|kxk to half the channels, a depthwise 3x3 makes the rest (GhostNet)', 'grouped|kxk in g groups (AlexNet, ResNeXt)', 'bottleneck|1x1 down, kxk, 1x1 up; no shortcut', 'basic-block|two kxk and a shortcut (ResNet-18/34)', 'residual-bottleneck|the bottleneck and a shortcut (ResNet-50)', 'inverted-residual|1x1 up, depthwise, 1x1 down, shortcut when shapes agree (MobileNetV2)', 'mbconv|inverted residual with squeeze-and-excitation (EfficientNet)', 'fused-mbconv|kxk up, 1x1 down, shortcut when shapes agree (EfficientNetV2)', 'tcn|two dilated causal convolutions and a shortcut (TCN)', 'depthwise|kxk on each channel alone, m outputs a channel', 'pointwise|1x1: channels only', 'residual|topic') }
            '^(?:compare:--in|layer:--in)$' { $found = @('alexnet|built-in network', 'alexnet-paper|built-in network', 'convnext-tiny|built-in network', 'densenet121|built-in network', 'ds-cnn|built-in network', 'efficientnet-b0|built-in network', 'efficientnet-b1|built-in network', 'efficientnet-b2|built-in network', 'efficientnet-b3|built-in network', 'efficientnet-b4|built-in network', 'efficientnet-b5|built-in network', 'efficientnet-b6|built-in network', 'efficientnet-b7|built-in network', 'efficientnet-v2-s|built-in network', 'ghostnet|built-in network', 'googlenet|built-in network', 'googlenet-paper|built-in network', 'inception-v3|built-in network', 'lenet-5|built-in network', 'mnasnet|built-in network', 'mobilenet-v1|built-in network', 'mobilenet-v2|built-in network', 'mobilenet-v3-large|built-in network', 'mobilenet-v3-small|built-in network', 'regnetx-400mf|built-in network', 'resnet18|built-in network', 'resnet34|built-in network', 'resnet50|built-in network', 'resnet50-v1|built-in network', 'resnet101|built-in network', 'resnet101-v1|built-in network', 'resnet152|built-in network', 'resnet152-v1|built-in network', 'resnext50-32x4d|built-in network', 'r2plus1d-18|built-in network', 'shufflenet-v2|built-in network', 'squeezenet1.0|built-in network', 'squeezenet1.1|built-in network', 'u-net|built-in network', 'vgg11|built-in network', 'vgg13|built-in network', 'vgg16|built-in network', 'vgg19|built-in network', 'vit-b16|built-in network', 'wavenet-stack|built-in network', 'wide-resnet50-2|built-in network', 'xception|built-in network', 'yolov5s|built-in network'); $found += @(Get-ConvcostFile @('.txt', '.onnx')) }
            '^(?:compare:--layer|compare:--top|compare:--verify-limit|layer:--layer|layer:--verify-limit|network:--width|network:--depth|network:--batch|network:--input|network:--verify-limit|reconcile:--sizes|reconcile:--width|reconcile:--depth|reconcile:--batch|reconcile:--input|reconcile:--verify-limit|swap:--width|swap:--depth|swap:--batch|swap:--input|swap:--verify-limit|verify:--random|verify:--seed|verify:--verify-limit)$' { $found = @() }
            '^(?:compare:--columns|layer:--columns)$' { $found = @('variant|variant', 'role|role', 'settings|settings', 'output_shape|output', 'receptive_field|receptive field', 'mixes|mixes', 'params|params', 'relative.params|params x base', 'macs|MACs', 'relative.macs|MACs x base', 'effective_macs|effective MACs', 'relative.effective_macs|effective MACs x base', 'flops|FLOPs', 'elementwise|elementwise', 'conv_activations|conv activations', 'weight_bytes|weights', 'activation_bytes|activations', 'peak_bytes|peak', 'relative.peak_bytes|peak x base', 'traffic_bytes|traffic', 'relative.traffic_bytes|traffic x base', 'arithmetic_intensity|FLOPs / byte', 'measured.seconds|run time', 'measured.macs_per_second|MACs / second', 'verified|verified'); $list = $true }
            '^(?:compare:--where|swap:--where)$' { $found = @(Get-ConvcostSpec '' @()) }
            '^(?:compare:--activation|layer:--activation|verify:--activation)$' { $found = @('relu|', 'relu6|', 'leaky-relu|', 'elu|', 'selu|', 'gelu|', 'silu|', 'mish|', 'hardswish|', 'hardsigmoid|', 'sigmoid|', 'tanh|') }
            '^(?:compare:--format|compare:-f|layer:--format|layer:-f|variants:--format|variants:-f|network:--format|network:-f|reconcile:--format|reconcile:-f|swap:--format|swap:-f|zoo:--format|zoo:-f|verify:--format|verify:-f)$' { $found = @('table|for people', 'json|one document, laid out for reading', 'ndjson|a document a line, for scripts', 'csv|a line a row, field names as in JSON', 'markdown|a table for documents', 'latex|a table for papers: usepackage{booktabs}') }
            '^(?:compare:--output|compare:-o|layer:--output|layer:-o|variants:--output|variants:-o|network:--output|network:-o|reconcile:--output|reconcile:-o|swap:--output|swap:-o|zoo:--output|zoo:-o|explain:--output|explain:-o|verify:--output|verify:-o)$' { $found = @(); $found += @(Get-ConvcostFile @('.txt', '.json', '.ndjson', '.csv', '.md', '.tex')) }
            '^(?:network:--convention|reconcile:--convention|swap:--convention|zoo:--convention)$' { $found = @('multiply-adds|says mult-adds', 'infer_gmacs|says GMACs', 'infer_macts|says Macts', 'fvcore|says flops', 'mmengine|says flops', 'FlopCounterMode|says flops', 'ptflops-aten|says MACs', 'torchprofile|says MACs', 'torchscan-operator-flops|says FLOPs', 'jax|says flops', 'onnx-tool|says MACs', 'tf.profiler|says float ops', 'thop|says MACs', 'ultralytics-thop|says MACs', 'torchinfo|says mult-adds', 'torch-summary|says mult-adds', 'flopth|says FLOPs', 'torchscan-macs|says MACs', 'torchscan-flops|says FLOPs', 'mmcv|says FLOPs', 'calflops-flops|says FLOPs', 'calflops-macs|says MACs', 'deepspeed-flops|says FLOPs', 'deepspeed-macs|says MACs', 'ptflops-pytorch|says MACs', 'ptflops-hooks|says MACs') }
            '^(?:reconcile:--per-layer)$' { $found = @(); $found += @(Get-ConvcostFile @('')) }
            '^(?:swap:--to)$' { $found = @('standard|one kxk: space and channels in one operation', 'spatially-separable|1xk then kx1, one axis a pass (Inception v3)', '2plus1d|1xkxk then kx1x1: space, then time (R(2+1)D)', 'depthwise-separable|depthwise then pointwise (MobileNet, Xception)', 'blueprint-separable|pointwise then depthwise (BSConv-U)', 'low-rank|kxk to the middle channels, then 1x1 (Zhang et al. 2015)', 'ghost|kxk to half the channels, a depthwise 3x3 makes the rest (GhostNet)', 'grouped|kxk in g groups (AlexNet, ResNeXt)', 'bottleneck|1x1 down, kxk, 1x1 up; no shortcut', 'basic-block|two kxk and a shortcut (ResNet-18/34)', 'residual-bottleneck|the bottleneck and a shortcut (ResNet-50)', 'inverted-residual|1x1 up, depthwise, 1x1 down, shortcut when shapes agree (MobileNetV2)', 'mbconv|inverted residual with squeeze-and-excitation (EfficientNet)', 'fused-mbconv|kxk up, 1x1 down, shortcut when shapes agree (EfficientNetV2)', 'tcn|two dilated causal convolutions and a shortcut (TCN)') }
            '^(?:explain:--format|explain:-f)$' { $found = @('text|', 'table|for people', 'json|one document, laid out for reading', 'ndjson|a document a line, for scripts', 'csv|a line a row, field names as in JSON', 'markdown|a table for documents', 'latex|a table for papers: usepackage{booktabs}') }
            '^:$' { $found = @('compare|Compare every variant of a convolution: what each costs, side by side, and checked by executing it', 'layer|Answer for exactly the layer described, nothing else', 'variants|List the variants, one a line: name, role, structure, and when compare shows it without being asked', 'network|Count a whole network: totals, shares, peak and training memory, its layers executed and checked', 'reconcile|Say how other tools count a network or a layer, and which of them prints a figure: a sum of named terms', 'swap|Replace convolutions of a network by a variant: the cost before, after, and the ratio', 'zoo|List the built-in networks: input, params and MACs as published, and where each is described', 'explain|Explain a variant on a screen: the reason, the formula with this layer''s numbers, what is measured in this run', 'verify|Show the evidence: execute every variant in every way there is, and compare with what is printed', 'help|Explain the notation of layers, or another topic, on one screen', 'schema|Print the JSON Schema that every JSON answer follows', 'completion|Print the completion script of a shell; the scripts answer without starting Python') }
            '^[^:]+:$' {
                switch -CaseSensitive -Regex ("${command}:$position") {
                    '^(?:compare:1|compare:2|compare:3|layer:1|layer:2|layer:3|verify:1|verify:2|verify:3)$' { $found = @(Get-ConvcostSpec '' @()) }
                    '^(?:network:1|reconcile:1|swap:1|zoo:1)$' { $found = @('alexnet|built-in network', 'alexnet-paper|built-in network', 'convnext-tiny|built-in network', 'densenet121|built-in network', 'ds-cnn|built-in network', 'efficientnet-b0|built-in network', 'efficientnet-b1|built-in network', 'efficientnet-b2|built-in network', 'efficientnet-b3|built-in network', 'efficientnet-b4|built-in network', 'efficientnet-b5|built-in network', 'efficientnet-b6|built-in network', 'efficientnet-b7|built-in network', 'efficientnet-v2-s|built-in network', 'ghostnet|built-in network', 'googlenet|built-in network', 'googlenet-paper|built-in network', 'inception-v3|built-in network', 'lenet-5|built-in network', 'mnasnet|built-in network', 'mobilenet-v1|built-in network', 'mobilenet-v2|built-in network', 'mobilenet-v3-large|built-in network', 'mobilenet-v3-small|built-in network', 'regnetx-400mf|built-in network', 'resnet18|built-in network', 'resnet34|built-in network', 'resnet50|built-in network', 'resnet50-v1|built-in network', 'resnet101|built-in network', 'resnet101-v1|built-in network', 'resnet152|built-in network', 'resnet152-v1|built-in network', 'resnext50-32x4d|built-in network', 'r2plus1d-18|built-in network', 'shufflenet-v2|built-in network', 'squeezenet1.0|built-in network', 'squeezenet1.1|built-in network', 'u-net|built-in network', 'vgg11|built-in network', 'vgg13|built-in network', 'vgg16|built-in network', 'vgg19|built-in network', 'vit-b16|built-in network', 'wavenet-stack|built-in network', 'wide-resnet50-2|built-in network', 'xception|built-in network', 'yolov5s|built-in network'); $found += @(Get-ConvcostFile @('.txt', '.onnx')) }
                    '^(?:network:2|network:3|reconcile:2|reconcile:3|swap:2|swap:3|zoo:2)$' { $found = @(Get-ConvcostSpec '[0-9]+[^0-9xd]|[0-9]+x|k[0-9]|s[0-9]|p[0-9]|psame[^a-z0-9-]|psame-upper[^a-z0-9-]|pvalid[^a-z0-9-]|d[0-9]|g[0-9]|e[0-9]|ratio=|m[0-9]|mid=|op[0-9]|mode=|bias[^a-z0-9-]|bias=last[^a-z0-9-]|t[^a-z0-9-]|v1[^a-z0-9-]|1d[^a-z0-9-]|2d[^a-z0-9-]|3d[^a-z0-9-]' @()) }
                    '^(?:explain:1)$' { $found = @('standard|one kxk: space and channels in one operation', 'spatially-separable|1xk then kx1, one axis a pass (Inception v3)', '2plus1d|1xkxk then kx1x1: space, then time (R(2+1)D)', 'depthwise-separable|depthwise then pointwise (MobileNet, Xception)', 'blueprint-separable|pointwise then depthwise (BSConv-U)', 'low-rank|kxk to the middle channels, then 1x1 (Zhang et al. 2015)', 'ghost|kxk to half the channels, a depthwise 3x3 makes the rest (GhostNet)', 'grouped|kxk in g groups (AlexNet, ResNeXt)', 'bottleneck|1x1 down, kxk, 1x1 up; no shortcut', 'basic-block|two kxk and a shortcut (ResNet-18/34)', 'residual-bottleneck|the bottleneck and a shortcut (ResNet-50)', 'inverted-residual|1x1 up, depthwise, 1x1 down, shortcut when shapes agree (MobileNetV2)', 'mbconv|inverted residual with squeeze-and-excitation (EfficientNet)', 'fused-mbconv|kxk up, 1x1 down, shortcut when shapes agree (EfficientNetV2)', 'tcn|two dilated causal convolutions and a shortcut (TCN)', 'depthwise|kxk on each channel alone, m outputs a channel', 'pointwise|1x1: channels only', 'residual|topic') }
                    '^(?:explain:2|explain:3)$' { $found = @(Get-ConvcostSpec '' @('standard|one kxk: space and channels in one operation', 'spatially-separable|1xk then kx1, one axis a pass (Inception v3)', '2plus1d|1xkxk then kx1x1: space, then time (R(2+1)D)', 'depthwise-separable|depthwise then pointwise (MobileNet, Xception)', 'blueprint-separable|pointwise then depthwise (BSConv-U)', 'low-rank|kxk to the middle channels, then 1x1 (Zhang et al. 2015)', 'ghost|kxk to half the channels, a depthwise 3x3 makes the rest (GhostNet)', 'grouped|kxk in g groups (AlexNet, ResNeXt)', 'bottleneck|1x1 down, kxk, 1x1 up; no shortcut', 'basic-block|two kxk and a shortcut (ResNet-18/34)', 'residual-bottleneck|the bottleneck and a shortcut (ResNet-50)', 'inverted-residual|1x1 up, depthwise, 1x1 down, shortcut when shapes agree (MobileNetV2)', 'mbconv|inverted residual with squeeze-and-excitation (EfficientNet)', 'fused-mbconv|kxk up, 1x1 down, shortcut when shapes agree (EfficientNetV2)', 'tcn|two dilated causal convolutions and a shortcut (TCN)', 'depthwise|kxk on each channel alone, m outputs a channel', 'pointwise|1x1: channels only', 'residual|topic')) }
                    '^(?:help:1)$' { $found = @('spec|the notation of layers', 'lines|layers of PyTorch, Keras, Flax and Paddle', 'words|what params, MACs, peak bytes ... mean', 'json|what JSON answers say, and what convcost/2 changed', 'verification|what each check executes, and what none can see', 'formats|how answers are written, and where') }
                    '^(?:completion:1)$' { $found = @('bash|the script for bash', 'zsh|the script for zsh', 'fish|the script for fish', 'powershell|the script for powershell') }
                }
            }
        }
    }
    if ($list -and $want.Contains(',')) {
        $comma = $want.LastIndexOf(',') + 1
        $taken = $want.Substring(0, $comma) -split ','
        $before += $want.Substring(0, $comma)
        $want = $want.Substring($comma)
    }
    foreach ($entry in $found) {
        $bar = $entry.LastIndexOf('|')
        $text = $entry.Substring(0, $bar)
        $help = $entry.Substring($bar + 1)
        if ($taken -ccontains $text) { continue }
        if (-not $text.StartsWith($want, [StringComparison]::OrdinalIgnoreCase)) { continue }
        $new = $before + $text
        if (-not $new.StartsWith($kept, [StringComparison]::Ordinal) -or $new.Length -eq $kept.Length) { continue }
        $new = $new.Substring($kept.Length)
        if ($new -match '[\s''"`@$(){};&|<>#,]') { $new = "'" + $new.Replace("'", "''") + "'" }
        if (-not $help) { $help = $text }
        [System.Management.Automation.CompletionResult]::new($new, $text, 'ParameterValue', $help)
    }
}
