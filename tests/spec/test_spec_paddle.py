"""Lines of Paddle: from its documentation, with the shapes that it prints there, and what its words mean."""

from __future__ import annotations

from spec.spec_cases import error_of
from tables import each

import convcost
from convcost.spec import format_spec, parse_spec, read_layer

#: A line, the shape of its input and of its output: as paddlepaddle.org.cn has them.
DOCUMENTED = [
    ("conv = nn.Conv2D(4, 6, (3, 3))", (2, 4, 8, 8), (2, 6, 6, 6)),
    ("conv = nn.Conv3D(4, 6, (3, 3, 3))", (2, 4, 8, 8, 8), (2, 6, 6, 6, 6)),
    ("conv = nn.Conv1D(3, 2, 3)", (1, 3, 4), (1, 2, 2)),
    ("conv = nn.Conv2DTranspose(4, 6, (3, 3))", (2, 4, 8, 8), (2, 6, 10, 10)),
    ("conv = nn.Conv3DTranspose(4, 6, (3, 3, 3))", (2, 4, 8, 8, 8), (2, 6, 10, 10, 10)),
    ("conv = Conv1DTranspose(2, 1, 2, weight_attr=None)", (1, 2, 4), (1, 1, 5)),
    ("nn.Conv2D(1, 6, 3, stride=1, padding=1),", (1, 1, 28, 28), (1, 6, 28, 28)),
    ("nn.Conv2D(6, 16, 5, stride=1, padding=0),", (1, 6, 14, 14), (1, 16, 10, 10)),
    ("self.conv1 = paddle.nn.Conv2D(in_channels=3, out_channels=32, kernel_size=(3, 3))",
     (1, 3, 32, 32), (1, 32, 30, 30)),
    ("(conv1): Conv2D(3, 64, kernel_size=[7, 7], stride=[2, 2], padding=3, data_format=NCHW)",
     (1, 3, 224, 224), (1, 64, 112, 112)),
]  # fmt: skip

SAYS = [
    ("paddle.nn.Conv2D(7, 7, 3, padding=1, groups=7) @32", "7 @32 k3 g7 bias"),
    ("paddle.nn.Conv2D(3, 64, kernel_size=7, stride=2, padding=3, bias_attr=False) @224", "3:64 @224 k7 s2"),
    ("paddle.nn.Conv2D(3, 8, 3, bias_attr=None) @9", "3:8 @9 k3 p0 bias"),
    ("paddle.nn.Conv2D(3, 8, 3, bias_attr=True) @9", "3:8 @9 k3 p0 bias"),
    ("nn.Conv2D(3, 8, 3, 2, 'SAME') @9", "3:8 @9 k3 s2 psame-upper bias"),
    ("nn.Conv2D(3, 8, 3, padding='valid') @9", "3:8 @9 k3 p0 bias"),
    ("nn.Conv2D(3, 8, 3, padding=[1, 2]) @9", "3:8 @9 k3 p1x2 bias"),
    ("nn.Conv2D(3, 8, 3, padding=[0, 1, 2, 3]) @9", "3:8 @9 k3 p0-1x2-3 bias"),
    ("nn.Conv2D(3, 8, 3, padding=[[0, 0], [0, 0], [0, 1], [2, 3]]) @9", "3:8 @9 k3 p0-1x2-3 bias"),
    ("nn.Conv2D(3, 8, 3, padding=[[0, 0], [0, 1], [2, 3], [0, 0]], data_format='NHWC') (1, 9, 7, 3)",
     "3:8 @9x7 k3 p0-1x2-3 bias"),
    ("nn.Conv1D(3, 8, 3, padding=[1, 2], dilation=2) @9", "3:8 @9 k3 p1-2 d2 bias 1d"),
    ("nn.Conv2D(3, 8, 3, padding_mode='reflect', padding=1, weight_attr=ParamAttr(name='w')) @9",
     "3:8 @9 k3 bias mode=reflect"),
    ("nn.Conv2DTranspose(4, 8, 3, stride=2, padding='SAME') @9", "4:8 @9 k3 s2 p0-1 t bias"),
    ("nn.Conv2DTranspose(4, 8, 3, 2, 1, 1, groups=2) @9", "4:8 @9 k3 s2 p1 op1 g2 t bias"),
]  # fmt: skip


@each(("line", "given", "out"), DOCUMENTED)
def test_a_line_of_the_documentation_gives_the_shape_printed_there(
    line: str, given: tuple[int, ...], out: tuple[int, ...]
) -> None:
    """On the input of the example, written beside it."""
    answer = convcost.layer(f"{line} {given}", verify=False).row.words
    assert answer is not None
    assert answer["output_shape"] == out


@each(("line", "tokens"), SAYS)
def test_a_line_says_what_the_tokens_say(line: str, tokens: str) -> None:
    """With the defaults of Paddle: no padding, and a bias."""
    assert format_spec(parse_spec(line)) == format_spec(parse_spec(tokens))


def test_a_print_that_says_nothing_of_a_bias_is_noted() -> None:
    """Paddle prints neither that there is one nor that there is none."""
    assert "bias_attr=False" in read_layer("Conv2D(3, 64, kernel_size=[7, 7], padding=3, data_format=NCHW) @9").notes[0]


@each(
    ("marked", "message", "hint"),
    [
        ("paddle.nn.Conv2D(3, 8, 3, padding=«'half'») @9", "such a padding is not known", "SAME"),
        ("paddle.nn.Conv2D(3, 8, 3, padding=«[1, 2, 3]») @9", "padding has 3 axes, the rest has 2", "one a side"),
        ("paddle.nn.Conv2D(3, 8, 3, padding=«'SAME'», dilation=2) @9", "takes padding=SAME for dilation=1", "numbers"),
        ("paddle.nn.Conv2D(3, 8, 3, «bias»=False) @9", "unknown argument bias", "did you mean bias_attr?"),
        ("paddle.nn.Conv2D(3, 8, 3) @9 «s2»", "the Paddle line already says stride", "leave s2 out"),
        ("paddle.nn.Conv2D(3, 8«)» @9", "kernel_size is missing", "kernel_size=…"),
        ("paddle.nn.Conv2D(3, 8, 3, groups=«2») @9", "groups=2 does not divide in_channels=3", "try 1"),
    ],
)
def test_a_mistake_is_answered_in_the_words_of_paddle(marked: str, message: str, hint: str) -> None:
    start, end = marked.index("«"), marked.index("»") - 1
    error = error_of(marked.replace("«", "").replace("»", ""))
    assert (error.start, error.end) == (start, end), error.render()
    assert message in error.message
    assert hint in error.hint
