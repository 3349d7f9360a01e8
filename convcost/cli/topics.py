"""What `convcost help` explains, each topic on one screen of 80 columns and 24 lines."""

from typing import NamedTuple

from ..report.formats import FORMATS


class Topic(NamedTuple):
    """A topic: its summary in the list of topics, and its text."""

    summary: str
    text: str


_SPEC = """\
A spec is one layer, its tokens in any order, unquoted:

  64:128  64                 in and out channels; 64 alone is 64:64
  @56  @56x48  @16x56x56     input size, an axis each; in=56x48 is the same
  k3  k1x7  3x3              kernel size
  s2  d2  g32                stride, dilation, groups
  p1  p0x3  p0-1x2-3         padding: every axis, each axis, before-after
  psame psame-upper pvalid   output = ceil(input / stride), the default;
                             as TensorFlow and ONNX do it; none
  mode=reflect               padding mode: zeros, reflect, replicate, circular
  bias  bias=last  n8  v1    bias, or on the last convolution of a block alone;
                             batch; a bottleneck's stride on its first 1x1
  t  op1                     transposed, output padding; padding 0 unless given
  1d  3d                     axes, where no size says it
  fp16  int8  int4  w8a16    dtype: fp64 fp32 fp16 bf16 fp8 int16 int8 uint8
                             int4 binary or wXaY: bits of weights, of outputs
  e6  ratio=4  m2  mid=96    expansion ratio, bottleneck ratio, depth
                             multiplier, middle channels; mid=48x64: two,
                             into and out of a bottleneck's kxk
Or a layer of PyTorch, Keras, Flax or Paddle (`convcost help lines`), or JSON.
`-` reads one a line from standard input.
"""

_LINES = """\
A layer as a framework constructs or prints it, quoted, with what it leaves out
beside it, is read with that framework's own defaults:

  convcost layer "Conv2d(3, 64, kernel_size=(7, 7), stride=(2, 2))" @224
  convcost layer "Conv2D(64, 3, padding='same', input_shape=(224, 224, 3))"
  convcost layer "nn.Conv(features=64, kernel_size=(3, 3))" 3: @224
  convcost layer "paddle.nn.Conv2D(3, 64, 3, padding=1) (8, 3, 224, 224)"
  convcost layer - @32 < print.txt      the size for every line that has none

  PyTorch     padding 0, bias on; Lazy layers; timm's Conv2dSame; the numbers
              that ptflops, MMCV, calflops and DeepSpeed print are passed over
  Keras       padding valid, bias on, channels last; Conv, Conv…Transpose,
              DepthwiseConv, SeparableConv (of which `layer` answers both parts)
  Flax        linen and nnx: padding SAME, bias on, channels last
  Paddle      padding 0, bias on

3: are the in channels, where the line does not say them; a shape beside it has
batch, channels and size. Numbers may be 64*4; names are not evaluated. The
answer starts with what was read: Keras Conv2D = 3:64 @224 k3 psame-upper bias
"""

_WORDS = """\
params              learned numbers, biases included
MACs                multiply-adds of convolutions, positions on padding
                    included, bias left out; 1 MAC = 2 FLOPs, always
effective MACs      the same, where the product touches the input and not
                    its padding; transposed: where it lands in the output
elementwise         what MACs leave out, per output element: bias 1, add 1,
                    activation 1, BatchNorm 2
conv activations    elements that convolutions and matrix products put out
weight bytes        params times the bytes of the dtype
activation bytes    all newly allocated outputs, times the same
peak bytes          the most activation memory alive at any step, inputs and
                    output of an operation together
traffic bytes       operation by operation: each distinct input once, params
                    once, the output once
arithmetic          FLOPs / traffic bytes
intensity
receptive field     the input positions that one output position can see
mixes               what an operation combines: space, channels

All are exact integers, intensity and ratios aside. What does not apply or is
not known is missing (null, -), never 0.
"""

_NETWORKS = """\
A network is a text file, a line a layer; in channels follow from the line
before. convcost zoo NAME prints one to start from.

input 3 @224           what it is given; width and depth below it make channels
                       scale with --width, repetitions with --depth
default norm relu      from here on, behind every convolution
stem: standard 64 k7   a variant with tokens; stem: names it
concat from a b        what named lines made; from in: what a block is given
gate 16                a block, written once: block gate r, its lines indented
standard 64 k3 r3      three times, the stride on the first only
standard 64 share a    with the weights of line a once more
Conv2d(3, 64, 7)       a layer line of a framework

max-pool k3 s2 p1 d2 ceil, avg-pool, global-average-pool, adaptive-max-pool 3x5
linear 10 bias, flatten, add, multiply, concat, split 0 64, shuffle g2
upsample 2 bilinear, pixel-shuffle 2, pad p1-2x0, crop p4
batch-norm, layer-norm, rms-norm, group-norm 8, instance-norm, prelu, scale
softmax, attention 12 bias, tokens 1, and the names of activations
Numbers may be worked out: in*2, $hidden/4~8 (to a multiple of 8), p$d*2-0
"""

_FORMATS = """\
--format FORMAT says how an answer is written, --output FILE where; the ending
of FILE is then its format, and must not say another than --format.

@FORMATS@

JSON and CSV have base units, always: bytes, and whole numbers. A table has one
unit a column, in its header; --exact prints whole numbers instead. --columns
says which columns (all: every one); what width leaves out is named, a file has
it. --plot adds bars of text; a page has its picture where matplotlib is.

FILE appears whole or not at all. Answers go to standard output, everything
else to standard error; -q leaves errors only. --color auto, always or never;
NO_COLOR, FORCE_COLOR, COLUMNS and TERM are honoured. Exit codes: 0 fine, 1 an
answer that fails or cannot be written, 2 bad input, 130 interrupted.
"""

_JSON = """\
Every JSON answer says "schema": "convcost/2"; 'convcost schema' prints its JSON
Schema. Integers are exact, however long; null is: not known, or none.

verified.status is the worst that applies:
  mismatch  an execution contradicts the analysis; the exit code is 1
  partial   something that is answered was not executed
  reduced   something was executed at a smaller size, which stands beside it
  verified  all of it was executed at full size, a network's wiring apart
  skipped   nothing was executed

What convcost/2 changed:
  status    was verified where it now is partial or reduced
  checks    of flops, arithmetic_intensity, ratios and stages; may have a size
  conv_activations  is a new word
  elementwise_by    of networks splits elementwise by cause, also by layer
  layers    have inputs, kernel_size, stride, padding, dilation, groups, bias,
            transposed, activation; receptive_field is from the network's
            input on (by name where there are several), op_receptive_field
            the layer's own
  verified  of networks has macs_share and seen
"""

_VERIFICATION = """\
Words        the graph runs on ones: shapes, params, bytes are sizes of arrays,
             the sum of an output is the products that touched data; the border
             written out as ones gives MACs. Each operation is checked, too
Derived      FLOPs, FLOPs / byte, ratios, shares: formed again from the measured
Seen         receptive field and mixing, by disturbing one input at a time
Stages       kernels, channels, groups, bias, norm, activation, shortcut: stated
             a second time, after the paper, and compared with the graph
Counts       a scalar loop, a map of every position, and the products that the
             fast executor issues must agree (convcost verify)
Values       bit-identical to int64 (convcost verify)
Memory       as the allocator saw it, its scratch apart (convcost verify)
Equivalence  one dense convolution gives the same output, exactly, in integers
             (convcost verify)

What is above --verify-limit MACs is executed at a reduced size that keeps the
kernel, stride, dilation, padding and groups, and says at which.
Not seen: whether these conventions are the ones you want, whether the block is
the one your paper means, what a framework does with it, and, at a reduced
size, what depends on the size itself.
"""

_TIME = """\
measured    the median of rounds in an engine on this machine, in fp32, with
            quartiles. One thread: processor time of the thread; several: time
            on the wall. A round has a block of runs of each row, one of them
            to warm up; every other round goes backwards. Rounds end when the
            medians have settled, or with --max-seconds
x base      the median of the rounds' ratios; quartiles on both sides of 1 are
            no difference seen. ! marks fewer MACs that take longer
bound       no run is faster: effective MACs at the highest rate seen when the
            machine was calibrated (convcost device), or bytes that must move at
            the fastest copy, operation by operation. With --device at a
            device's figures, and nothing is measured. Direct products in the
            named type: Winograd, FFT and TF32 are outside. Bounds have no ratio
predicted   with --predict: a fit on small operations of this machine, engine
            and threads, with the error that it had there
values      the output is that of our own executor within 1e-4, on the same
            weights and input; where it differs no time is shown, and exit is 1

Caches are warm. A layer alone converts its layout in and out, which a network
does once: its layers add up to more than it. Not timed: fp16, bf16, int8.
Engines: onnxruntime (pip install 'convcost[time]'), numpy (ours), torch.
"""

_SEPARATE = """\
A classical decomposition of a trained kernel is a variant with so many middle
channels, or so large a depth multiplier: its rank. convcost separate computes
the best one there is at every rank, its exact cost, and what it loses.

weight error  |W - W'| / |W|: how far the nearest kernel of that form is from
              the trained one. It is no accuracy, and those of layers do not
              add up to a network's
of noise      the same of Gaussian noise of that shape: a kernel whose error
              is near it has nothing to separate, 0.2 against 0.6 has
output error  the same of the layer's output, for the data of --input
exact         1e-6: kernels are stored in float32, Gram matrices halve digits
dead          channels that are always zero or that nobody reads, taps that are
              zero or only ever meet padding. At most: each layer by itself.
              Can be taken out: where all operations between agree

Families: two passes in either order, depthwise-separable, blueprint-separable,
low-rank in either order, bottleneck (Tucker-2), grouped where nothing is lost;
of a 1x1 low-rank alone, of a grouped layer each group by itself.

--macs 0.75 allocates ranks over all layers, --error 10% takes the cheapest row
a layer, --layer NAME --curve has every rank. Nothing is written.
"""

_RECIPES = """\
Ten jobs, each at most three commands; 'convcost COMMAND --help' says more.

  convcost fit 64:128 @56 k3 --macs 30M --peak-bytes 2MiB  # a block in a budget
  convcost fit mobilenet-v1 --macs 150M         # the widest MobileNet in 150 M
  convcost compare 512:512 @14 k3 --variants standard,depthwise-separable
  convcost swap mobilenet-v1 --to standard      # MobileNet's Tables 3 and 4
  convcost reconcile resnet50 "4.12 G"          # why ResNet-50 differs there
  convcost network net.onnx --per-layer --sort max:macs --top 3
  convcost swap net.onnx --to ghost --sort max:macs --top 1
                                                # the dominant layer, replaced
  convcost budget --update                      # a gate on growth: once, then
  convcost budget                               # in CI; 'convcost budget -h'
  convcost compare 64:128 @56 k3 -o table.tex   # a paper's table: a document
  pdflatex paper.tex                            # with \\input{table}, as PDF
  convcost compare 64:128 @56 k3 -o slide.svg   # a slide's picture
  python3 -c 'import convcost; print(convcost.compare("64 @56 k3"))'
                                                # a notebook shows its table
  convcost network my_net.py:Net @3x64x64       # a module of one's own, and
  convcost diff HEAD~1:net.txt net.txt          # what a change of a net costs
"""

_SEARCH = """\
convcost fit finds what meets a budget; convcost sweep goes through many layers.

Ranges      16..512, 16..512/16 in steps, 16..512/x2 doubling, lists 7,14,28;
            fit: 64:_ @_ k_ mid=_ g_ e_ m_ ratio=_ n_ is what is asked for
Budgets     --macs 30M --peak-bytes 2MiB --params 50k, any word; 0.15G, "2 GMACs"
Conditions  --where "macs<=30M and not (variant=ghost or peak_bytes>2MiB)";
            < <= > >= = !=, and or not, parentheses; names may have * and ?;
            1% is a share of the whole, in compare, network, zoo and swap
Order       --best max:params,macs in fit and sweep, --sort elsewhere; --top N
Front       --front params,macs,peak_bytes: rows that no other beats; building
            blocks, which do less than the layer, only where they are named

A plan answers them: the code that answers one layer is run once on sizes that
record what is computed of them. Its numbers are exact, or it is refused. Every
configuration is worked out, so fit misses none; rows shown are executed.

Files       -o FILE.parquet, .arrow or .csv has all rows, written as they come
Speed       a row takes about 6 ns, with Numba 2 (convcost[sweep], which has
            Parquet, Arrow and fast fronts, too): 10^9 rows in some seconds.
            --workers N, --cluster tcp://HOST:8786: Dask, worth it from 10^11
            rows on; each worker needs this version of convcost[cluster]
"""

_ROWS = "\n".join([f"  {f.name:<9} {f.ending:<9} {f.help}" for f in FORMATS.values()])

TOPICS = {
    "spec": Topic("the notation of layers", _SPEC),
    "lines": Topic("layers of PyTorch, Keras, Flax and Paddle", _LINES),
    "networks": Topic("files of networks: their lines, blocks and operations", _NETWORKS),
    "recipes": Topic("ten jobs, each at most three commands", _RECIPES),
    "search": Topic("ranges, budgets, conditions, fronts; what a sweep takes", _SEARCH),
    "words": Topic("what params, MACs, peak bytes … mean", _WORDS),
    "json": Topic("what JSON answers say, and what convcost/2 changed", _JSON),
    "separate": Topic("what trained kernels would lose, and how that is measured", _SEPARATE),
    "verification": Topic("what each check executes, and what none can see", _VERIFICATION),
    "time": Topic("what is measured in an engine, and what a bound is", _TIME),
    "formats": Topic("how answers are written, and where", _FORMATS.replace("@FORMATS@", _ROWS)),
}
