"""What is said about each variant beside its numbers: a sentence, the constraint, the uses, the limits, the papers."""

from typing import NamedTuple


class Text(NamedTuple):
    """The words of one explanation; `kernel` is the equivalent dense kernel K[o,c,y,x], without norm and activation."""

    sentence: str
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
    return TEXTS.get(name) or Text(f"{summary}.", "", "", (), "", (BASE,))


TEXTS: dict[str, Text] = {
    "standard": Text(
        "Each output channel is a weighted sum over a window of all input channels: space and channels are mixed in "
        "one operation.",
        "K[o,c,y,x] is free",
        "Nothing: every weight of the kernel is learned on its own. The other variants constrain this kernel.",
        (("VGG-16", "Simonyan & Zisserman 2014, arXiv 1409.1556"), ("ResNet-18, ResNet-34", RESNET)),
        "It is what the other variants are held against. Its params and its MACs grow with the area of the kernel and "
        "with the product of the channels, as the formula says.",
        ("spatially-separable", "depthwise-separable"),
    ),
    "spatially-separable": Text(
        "Two passes, each along one axis: a kernel one row high, then a kernel one column wide, both mixing channels.",
        "K[o,c,y,x] = Σm V[o,m,y] · U[m,c,x]",
        "Every output is made from the same few row-filtered channels m. Between one input and one output channel the "
        "kernel is a matrix of rank at most the number of middle channels: with one channel, an outer product.",
        (("Inception v2 and v3", f"{INCEPTION_V3}, section 3.2"),),
        "With as many channels in, between and out it has 2/k of the MACs: for 3x3 still two thirds. Its authors "
        "found that it does not work well in early layers, and works well on maps of 12 to 20 positions a side "
        f"({INCEPTION_V3}, section 3.2).",
        ("standard", "depthwise-separable"),
    ),
    "depthwise-separable": Text(
        "A depthwise convolution filters every channel alone, then a 1x1 (pointwise) combines the channels: space "
        "first, channels second.",
        "K[o,c,y,x] = P[o,c] · D[c,y,x]",
        "For one input channel, every output channel has the same spatial filter D, up to the factor P (with a depth "
        "multiplier m: a mixture of m filters).",
        (MOBILENET, XCEPTION),
        "The depthwise half does few multiply-adds for each number that it reads and writes, and the tensor between "
        "the halves is written and read once more.",
        ("pointwise", "depthwise"),
    ),
    "grouped": Text(
        "Channels are divided into groups, and each group has a convolution of its own: only channels of one group "
        "are mixed.",
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
        "Two kxk convolutions compute a change F(x), and a shortcut adds the input to it: y = F(x) + x.",
        "K = K2 ∗ K1 + I (∗ composes the two; I is the identity, or the projection)",
        "Nothing: both kernels are free. The shortcut fixes the identity (or a 1x1) as one part of the result.",
        (("ResNet-18, ResNet-34", f"{RESNET}, figure 5"),),
        "It is two convolutions and no cheaper replacement of one: a ratio above 1 says so.",
        ("residual", "residual-bottleneck"),
    ),
    "residual-bottleneck": Text(
        "A bottleneck (1x1 down, kxk, 1x1 up) computes a change F(x), and a shortcut adds the input: y = F(x) + x.",
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
        "K[o,c,y,x] = Σh P[o,h] · D[h,y,x] · E[h,c] (+ I)",
        "For each hidden channel h the kernel is one spatial filter times one pair of channel weights: a sum of "
        "expansion ratio × Cin such products.",
        (MOBILENET_V2, ("EfficientNet (MBConv)", "Tan & Le 2019, arXiv 1905.11946")),
        "The hidden tensor has expansion ratio × Cin channels and moves through memory twice: peak bytes and traffic "
        "can exceed those of one standard convolution.",
        ("residual-bottleneck", "depthwise-separable"),
    ),
    "depthwise": Text(
        "Every channel is filtered by a kxk kernel of its own; channels are not mixed.",
        "K[o,c,y,x] = 0 unless o comes from c",
        "Channels never meet. Alone it replaces no convolution; followed by a 1x1 it is a depthwise separable one.",
        (MOBILENET, MOBILENET_V2, XCEPTION),
        "It does few multiply-adds for each number that it moves, so its arithmetic intensity is low.",
        ("pointwise", "depthwise-separable"),
    ),
    "pointwise": Text(
        "A 1x1 convolution: at every position the same weighted sums over the channels, and nothing of the "
        "neighbouring positions.",
        "K[o,c,y,x] = 0 except at the one tap",
        "Positions never meet: the receptive field is one position. Alone it replaces no kxk convolution.",
        (("Network in Network", "Lin et al. 2013, arXiv 1312.4400"), MOBILENET, ("ResNet-50's bottleneck", RESNET)),
        "Its cost does not depend on the kernel and grows with the product of the channels: in a depthwise separable "
        "pair it is the larger part as soon as Cout exceeds k·k.",
        ("depthwise", "bottleneck"),
    ),
}

#: Said of two variants explained together; what is not here gets the table alone.
DIFFERENCES: dict[frozenset[str], str] = {
    frozenset(("depthwise", "pointwise")): "Depthwise mixes space and no channels, pointwise mixes channels and no "
    "space. Each does what the other leaves out, and one after the other they are a depthwise separable convolution.",
    frozenset(("standard", "spatially-separable")): "A standard convolution sees the whole window at once with "
    "a kernel that is free. A spatially separable one sees a row, then a column: taps grow with k + k and not with "
    "k · k, and kernels that are no sum of a few outer products are out of reach.",
    frozenset(("standard", "depthwise-separable")): "A standard convolution mixes space and channels at once, with a "
    "spatial filter for each pair of channels. A depthwise separable one has a spatial filter for each input channel "
    "only, and a number for each pair.",
    frozenset(("spatially-separable", "depthwise-separable")): "Both are called separable. The spatially separable one "
    "separates height from width and mixes channels in both passes; the depthwise separable one separates space from "
    "channels.",
    frozenset(("bottleneck", "residual-bottleneck")): "The same three convolutions. The residual one adds its input to "
    "what they compute: no params where the shortcut is the identity, but the input is held until then.",
    frozenset(("residual-bottleneck", "inverted-residual")): "The residual bottleneck is wide at the ends and "
    "narrow in the middle, where its kxk mixes all channels. The inverted residual is narrow at the ends and wide in "
    "the middle, where its kxk is depthwise.",
    frozenset(("basic-block", "residual-bottleneck")): "Two full kxk, or one kxk on fewer channels between two 1x1: "
    "the shortcut is the same.",
    frozenset(("grouped", "depthwise")): "Depthwise is the grouped convolution with as many groups as channels.",
}  # fmt: skip
