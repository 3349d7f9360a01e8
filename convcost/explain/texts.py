"""What is said about each variant beside its numbers: what it is, the reason, the constraint, uses, limits, papers.

What stands between backquotes is a formula, in the signs of `handout.tex`.
"""

from typing import NamedTuple


class Text(NamedTuple):
    """The words of one explanation; `kernel` is the equivalent dense kernel K[o,c,y,x], without norm and activation."""

    sentence: str
    why: str
    kernel: str
    gives_up: str
    used_in: tuple[tuple[str, str], ...]
    limits: str
    related: tuple[str, ...]


MOBILENET = ("MobileNet", "Howard et al. 2017, arXiv 1704.04861")
MOBILENET_V2 = ("MobileNetV2", "Sandler et al. 2018, arXiv 1801.04381")
XCEPTION = ("Xception", "Chollet 2016, arXiv 1610.02357")
RESNET = "He et al. 2015, arXiv 1512.03385"
INCEPTION_V3 = "Szegedy et al. 2015, arXiv 1512.00567"
RESNEXT = ("ResNeXt, 32 groups", "Xie et al. 2016, arXiv 1611.05431")

#: What every other variant is held against.
BASE = "standard"

#: Why fewer multiply-adds are not always less time; its figures come from the analysis.
ROOFLINE = "Williams et al. 2009, doi 10.1145/1498765.1498785"


def text_of(name: str, summary: str) -> Text:
    """What is said about a variant; of one that nobody has written about, its summary.

    >>> text_of("our-own", "1x1, kxk, 1x1").sentence
    '1x1, kxk, 1x1.'
    """
    return TEXTS.get(name) or Text(f"{summary}.", "", "", "", (), "", (BASE,))


TEXTS: dict[str, Text] = {
    "standard": Text(
        "Every output is one weighted sum over a window of neighbouring positions, in all input channels.",
        "An edge or a corner shows in neighbouring positions, and in several channels together. This operation, also "
        "called simple, looks at both at once, with a weight of its own for each position of the window, each input "
        "and each output channel.",
        "K[o,c,y,x] is free",
        "Nothing: every weight of the kernel is learned on its own. The other variants constrain this kernel.",
        (("VGG-16", "Simonyan & Zisserman 2014, arXiv 1409.1556"), ("ResNet-18, ResNet-34", RESNET)),
        "It is what the other variants are held against. Its params and its MACs grow with the area of the kernel and "
        "with the product of the channels.",
        ("spatially-separable", "depthwise-separable"),
    ),
    "spatially-separable": Text(
        "Two passes, each along one axis: a kernel one row high, then a kernel one column wide, both mixing channels.",
        "A window of k by k positions is seen through k + k weights and not k·k.",
        "K[o,c,y,x] = Σm V[o,m,y] · U[m,c,x]",
        "All kernels together, as one matrix of (out·height) × (in·width), have a rank of at most the number of "
        "channels between the passes, which all outputs share.",
        (("Inception v2 and v3", f"{INCEPTION_V3}, section 3.2"),),
        "With as many channels in, between and out a 3x3 still has two thirds of its MACs. Its authors found it bad in "
        f"early layers, and good on maps of 12 to 20 positions a side ({INCEPTION_V3}, section 3.2).",
        ("standard", "depthwise-separable"),
    ),
    "spatially-separable-reversed": Text(
        "The two passes in the other order: a kernel one column wide, then a kernel one row high.",
        "For a single filter the order makes no difference. For a layer it does: what the passes share is their rows "
        "in one order and their columns in the other.",
        "K[o,c,y,x] = Σm V[o,m,x] · U[m,c,y]",
        "All kernels together, as one matrix of (out·width) × (in·height), have a rank of at most the number of "
        "channels between the passes.",
        (("Networks separated after training", "Jaderberg et al. 2014, arXiv 1405.3866"),),
        "It costs what the usual order costs, unless height and width differ in kernel, stride or size.",
        ("spatially-separable", "low-rank"),
    ),
    "depthwise-separable": Text(
        "A depthwise convolution filters every channel alone, then a 1x1 (pointwise) combines the channels: space "
        "first, channels second.",
        "A standard convolution does two things at once: it looks at neighbours, and it combines channels. Done one "
        "after the other, the k·k weights are paid once for each channel and not once for each pair of channels.",
        "K[o,c,y,x] = P[o,c] · D[c,y,x]",
        "For one input channel, every output channel has the same spatial filter D, up to the factor P (with a depth "
        "multiplier m: a mixture of m filters).",
        (MOBILENET, XCEPTION),
        "The depthwise half does few multiply-adds for each number that it reads and writes, and the tensor between "
        "the halves is written and read once more.",
        ("pointwise", "depthwise"),
    ),
    "blueprint-separable": Text(
        "A 1x1 combines the channels, then a depthwise convolution filters each result alone: channels first, space "
        "second.",
        "The kernels that trained networks learn for the input channels of one output channel look much alike. So one "
        "spatial filter for each output channel is learned, and a factor for each pair of channels.",
        "K[o,c,y,x] = D[o,y,x] · P[o,c]",
        "For one output channel, every input channel has the same spatial filter D, up to the factor P.",
        (("BSConv-U", "Haase & Amthor 2020, arXiv 2003.13549"),),
        "The depthwise half works on the output channels: where these are more than the input channels it costs more "
        "than that of the depthwise separable one.",
        ("depthwise-separable", "pointwise"),
    ),
    "low-rank": Text(
        "A kxk to a few middle channels, then a 1x1 that makes every output a mixture of them.",
        "The filters of a layer are often near to mixtures of a few. So the kxk, which costs k·k for each pair of "
        "channels, has only the few, and a 1x1 makes the others of them.",
        "K[o,c,y,x] = Σm P[o,m] · F[m,c,y,x]",
        "The filters of all output channels lie in a space of as many dimensions as there are middle channels.",
        (("Networks accelerated after training", "Zhang et al. 2015, arXiv 1505.06798"),),
        "Where the middle channels are not far fewer than the output channels, the 1x1 costs more than it saves.",
        ("bottleneck", "spatially-separable"),
    ),
    "low-rank-reversed": Text(
        "A 1x1 mixes the inputs to a few middle channels, then a kxk makes every output of these.",
        "Where many input channels say nearly the same, a few mixtures of them say it as well, and the kxk reads only "
        "these.",
        "K[o,c,y,x] = Σm F[o,m,y,x] · R[m,c]",
        "At every tap the outputs see the inputs only as the same few mixtures.",
        (("GoogLeNet, before each 3x3 and 5x5", "Szegedy et al. 2014, arXiv 1409.4842"),),
        "The 1x1 has no stride: where the layer has one, it works on all positions.",
        ("low-rank", "bottleneck"),
    ),
    "ghost": Text(
        "A kxk makes half of the output channels, a depthwise 3x3 makes the other half from these, and the two are put "
        "behind one another.",
        "Many maps in a trained network look like others that are slightly changed. So half of them are computed in "
        "full and the rest, the ghosts, by a cheap filter for each.",
        "K[o,c,y,x] is free for the first half; for the others it is a 3x3 filter ∗ one of the first half",
        "An output of the second half is a filtered copy of one of the first half.",
        (("GhostNet", "Han et al. 2020, arXiv 1911.11907"),),
        "It halves the cost at most: the first half is a full convolution.",
        ("standard", "depthwise"),
    ),
    "2plus1d": Text(
        "A convolution over height and width, then one over time, both mixing channels.",
        "Two smaller convolutions in a row are easier to optimise than one over all three axes, and an activation "
        "between them can bend twice what a video's kernel bends once.",
        "K[o,c,t,y,x] = Σm V[o,m,t] · U[m,c,y,x]",
        "Time and space are separated: all kernels share the channels between the passes. With the authors' number of "
        "them the params are as many as before.",
        (("R(2+1)D", "Tran et al. 2017, arXiv 1711.11248"),),
        "It is not made to be cheaper: the tensor between the passes is often larger than the input.",
        ("spatially-separable", "standard"),
    ),
    "grouped": Text(
        "Channels are divided into groups, and each group has a convolution of its own: only channels of one group "
        "are mixed.",
        "The price of a convolution is its pairs of channels, as each output reads each input. In g groups an output "
        "reads one g-th of the inputs, so params and MACs fall to one g-th.",
        "K[o,c,y,x] = 0 unless o and c are in the same group",
        "No output sees the channels of another group, so information stays in its group until another operation "
        "mixes channels.",
        (("AlexNet, 2 groups", "Krizhevsky et al. 2012, NIPS 25"), RESNEXT),
        "A stack of grouped convolutions alone never mixes the groups: ShuffleNet interleaves the channels between "
        "them for that reason (Zhang et al. 2017, arXiv 1707.01083).",
        ("standard", "depthwise"),
    ),
    "bottleneck": Text(
        "A 1x1 reduces the channels, the kxk works on the few that are left, a 1x1 expands them again.",
        "The kxk is what costs: k·k weights for each pair of channels, where a 1x1 has one. So it is cheap to go down "
        "to few channels, to look at neighbours there, and to come back.",
        "K[o,c,y,x] = Σn Σm E[o,n] · M[n,m,y,x] · R[m,c]",
        "At each tap the kernel is a matrix over the channels of rank at most the number of middle channels.",
        (
            ("ResNet-50, with a shortcut", f"{RESNET}, figure 5"),
            ("GoogLeNet's 1x1 reductions", "Szegedy et al. 2014, arXiv 1409.4842"),
        ),
        "Where the middle channels are many, the two 1x1 cost more than the kxk saves: the formula's terms show it.",
        ("residual-bottleneck", "pointwise"),
    ),
    "basic-block": Text(
        "Two kxk convolutions compute a change F(x), and a shortcut adds the input to it: `y = F(x) + x`.",
        "To pass its input on, a block with a shortcut needs weights near zero; a plain one has to learn the identity. "
        "'convcost explain residual' shows what follows from that.",
        "K = K2 ∗ K1 + I (∗ composes the two; I is the identity, or the projection)",
        "Nothing: both kernels are free. The shortcut fixes the identity (or a 1x1) as one part of the result.",
        (("ResNet-18, ResNet-34", f"{RESNET}, figure 5"),),
        "It is two convolutions and no cheaper replacement of one: a ratio above 1 says so.",
        ("residual", "residual-bottleneck"),
    ),
    "residual-bottleneck": Text(
        "A bottleneck (1x1 down, kxk, 1x1 up) computes a change F(x), and a shortcut adds the input: `y = F(x) + x`.",
        "The kxk works on few channels, where it is cheap, and the shortcut carries all of them past it: what the few "
        "cannot hold is not lost.",
        "K[o,c,y,x] = Σn Σm E[o,n] · M[n,m,y,x] · R[m,c] + I[o,c,y,x]",
        "The change has, at each tap, rank at most the number of middle channels; the shortcut I passes on all "
        "channels.",
        (("ResNet-50, -101, -152", f"{RESNET}, table 1"), RESNEXT),
        "The input is held until the add. Where channels or size change, the shortcut is a 1x1 projection with params "
        "and MACs of its own.",
        ("bottleneck", "residual"),
    ),
    "inverted-residual": Text(
        "A 1x1 expands the channels, a depthwise kxk filters each of the many, a 1x1 projects them down; a shortcut "
        "joins the narrow ends where their shapes agree.",
        "A depthwise kxk costs k·k weights a channel and not a pair of channels, so it is cheap on many of them. What "
        "is handed on and kept for the shortcut is narrow, and takes little memory.",
        "K[o,c,y,x] = Σh P[o,h] · D[h,y,x] · E[h,c] (+ I)",
        "For each hidden channel h the kernel is one spatial filter times one pair of channel weights: a sum of "
        "expansion ratio × Cin such products.",
        (MOBILENET_V2, ("EfficientNet (MBConv)", "Tan & Le 2019, arXiv 1905.11946")),
        "The hidden tensor has expansion ratio × Cin channels and moves through memory twice: peak bytes and traffic "
        "can exceed those of one standard convolution.",
        ("residual-bottleneck", "depthwise-separable"),
    ),
    "mbconv": Text(
        "An inverted residual in which a gate weighs each hidden channel by what is in all of the map "
        "(squeeze-and-excitation).",
        "What a channel is worth depends on the picture. So the mean of each channel goes through two small 1x1, and "
        "what comes out multiplies the channel, at hardly any MACs.",
        "K[o,c,y,x] = Σh P[o,h] · g[h] · D[h,y,x] · E[h,c] (+ I), with the gate g set by the input",
        "As the inverted residual, but that the gate changes its kernel with every input.",
        (("EfficientNet", "Tan & Le 2019, arXiv 1905.11946"), ("MobileNetV3", "Howard et al. 2019, arXiv 1905.02244")),
        "The mean needs the whole map before the gate can act: the hidden tensor is written and read once more.",
        ("inverted-residual", "fused-mbconv"),
    ),
    "fused-mbconv": Text(
        "A kxk expands the channels, a 1x1 projects them down; a shortcut joins the narrow ends where their shapes "
        "agree.",
        "A depthwise convolution has few MACs and moves many bytes. In early layers, where channels are few, one full "
        "kxk in place of the 1x1 and the depthwise one has more MACs, and can be faster for all that.",
        "K[o,c,y,x] = Σh P[o,h] · F[h,c,y,x] (+ I)",
        "Nothing but width: the kernel of the hidden channels is free.",
        (("EfficientNetV2", "Tan & Le 2021, arXiv 2104.00298"),),
        "Params and MACs grow with the product of the channels, times the expansion ratio: with many channels it is "
        "far dearer than mbconv.",
        ("mbconv", "inverted-residual"),
    ),
    "tcn": Text(
        "Two dilated convolutions over time that see no later input, and a shortcut.",
        "With a dilation that doubles from block to block, what an output sees grows with a power of 2 and not with "
        "the number of layers; and all steps of a sequence are computed at once, which a recurrent network cannot.",
        "K = K2 ∗ K1 + I, 0 for every later input",
        "No output knows what comes after it.",
        (("TCN", "Bai et al. 2018, arXiv 1803.01271"),),
        "To go on step by step it must keep as much of the past as its outputs see, where a recurrent network keeps "
        "one state.",
        ("residual", "basic-block"),
    ),
    "depthwise": Text(
        "Every channel is filtered by a kxk kernel of its own; channels are not mixed.",
        "Looking at neighbours is one of a convolution's two jobs. For it k·k weights a channel are enough, where a "
        "standard convolution has k·k for each pair of channels.",
        "K[o,c,y,x] = 0 unless o comes from c",
        "Channels never meet. Alone it replaces no convolution; followed by a 1x1 it is a depthwise separable one.",
        (MOBILENET, MOBILENET_V2, XCEPTION),
        "It does few multiply-adds for each number that it moves, so its arithmetic intensity is low.",
        ("pointwise", "depthwise-separable"),
    ),
    "pointwise": Text(
        "A 1x1 convolution: at every position the same weighted sums over all channels, and nothing of the neighbours.",
        "Combining channels is one of a convolution's two jobs. For it one weight for each pair of channels is enough, "
        "where a kxk has k·k.",
        "K[o,c,y,x] = 0 except at the one tap",
        "Positions never meet: the receptive field is one position. Alone it replaces no kxk convolution.",
        (("Network in Network", "Lin et al. 2013, arXiv 1312.4400"), MOBILENET, ("ResNet-50's bottleneck", RESNET)),
        "Its cost grows with the product of the channels and not with the kernel: in a depthwise separable pair it is "
        "the larger part once Cout exceeds k·k.",
        ("depthwise", "bottleneck"),
    ),
}

#: The key difference of two variants explained together, in one sentence; others get one from their numbers.
DIFFERENCES: dict[frozenset[str], str] = {
    frozenset(("depthwise", "pointwise")): "Depthwise mixes space and no channels, pointwise mixes channels and no "
    "space: each does what the other leaves out, and one after the other they are a depthwise separable convolution.",
    frozenset(("standard", "spatially-separable")): "A standard convolution has a free kernel over the whole window, "
    "a spatially separable one looks along rows and then along columns: its taps grow with k + k and not with k · k, "
    "and all its kernels share the few channels between the passes.",
    frozenset(("standard", "depthwise-separable")): "A standard convolution has a spatial filter for each pair of "
    "channels and mixes both at once, a depthwise separable one has a filter for each input channel and one number "
    "for each pair.",
    frozenset(("spatially-separable", "depthwise-separable")): "Both are called separable: the spatially separable one "
    "separates height from width and mixes channels in both passes, the depthwise separable one separates space from "
    "channels.",
    frozenset(("bottleneck", "residual-bottleneck")): "The convolutions are the same three, and the residual one adds "
    "its input to what they compute, which costs no params where the shortcut is the identity, but holds the input "
    "until then.",
    frozenset(("residual-bottleneck", "inverted-residual")): "The residual bottleneck is wide at the ends and narrow "
    "in the middle, where its kxk mixes all channels; the inverted residual is narrow at the ends and wide in the "
    "middle, where its kxk is depthwise.",
    frozenset(("basic-block", "residual-bottleneck")): "The one has two full kxk, the other one kxk on fewer channels "
    "between two 1x1, and the shortcut is the same.",
    frozenset(("grouped", "depthwise")): "Depthwise is the grouped convolution with as many groups as channels.",
}  # fmt: skip


class Benefit(NamedTuple):
    """One thing that residual connections are said to do: why they would, and where they do not."""

    name: str
    why: str
    not_where: str


#: The formulas of residual learning.
RESIDUAL = {
    "block": "y = F(x, W) + x",
    "learned": "F(x) = H(x) - x",
    "gradient": "∂y/∂x = ∂F/∂x + I",
}

BENEFITS = (
    Benefit(
        "vanishing gradient", "I hands the gradient on past the weights",
        "with BatchNorm: the authors rule it out for their plain networks",
    ),
    Benefit(
        "easier optimisation", "zero weights give the identity, which does no harm",
        "where channels or size change: x cannot pass as it is",
    ),
    Benefit(
        "accuracy", "earlier features stay readable: x is the sum of all blocks before",
        "very shallow networks: 18 layers 27.94 % plain, 27.88 % residual",
    ),
    Benefit(
        "faster convergence", "every block gets a good gradient from the first step",
        "large weights without norm: the sum grows block by block",
    ),
)  # fmt: skip

#: Top-1 error in % on ImageNet's validation set, 10-crop (He et al. 2015, table 2): layers, plain, residual.
IMAGENET_ERRORS = ((18, 27.94, 27.88), (34, 28.54, 25.03))

#: On CIFAR-10 a plain network of so many layers has a higher training error than one of so many (figure 1).
CIFAR_LAYERS = (56, 20)
