"""Lines of Flax, linen and nnx: from its documentation and examples, and what its words mean."""

from __future__ import annotations

from spec.spec_cases import error_of
from tables import each

import convcost
from convcost.spec import format_spec, parse_spec

#: A line, the shape of its input and of its output, channels last: of flax.readthedocs.io and Flax's examples.
DOCUMENTED = [
    ("layer = nnx.Conv(in_features=3, out_features=4, kernel_size=(3,), padding='VALID', rngs=rngs)",
     (1, 8, 3), (1, 6, 4)),
    ("layer = nnx.Conv(in_features=3, out_features=4, kernel_size=(3, 3), strides=2, padding='CIRCULAR', rngs=rngs)",
     (1, 8, 3), (1, 4, 4)),
    ("layer = nn.Conv(features=4, kernel_size=(3,), padding='VALID')", (1, 8, 3), (1, 6, 4)),
    ("layer = nn.Conv(features=4, kernel_size=(3, 3), strides=2, padding='CIRCULAR')", (1, 8, 3), (1, 4, 4)),
    ("layer = nn.ConvTranspose(features=4, kernel_size=(3,), padding='VALID')", (1, 8, 3), (1, 10, 4)),
    ("layer = nnx.ConvTranspose(in_features=3, out_features=4, kernel_size=(3,), padding='VALID', rngs=rngs)",
     (1, 8, 3), (1, 10, 4)),
    ("self.conv1 = nnx.Conv(1, 32, kernel_size=(3, 3), rngs=rngs)", (1, 28, 28, 1), (1, 28, 28, 32)),
    ("self.conv2 = nnx.Conv(32, 64, kernel_size=(3, 3), rngs=rngs)", (1, 14, 14, 32), (1, 14, 14, 64)),
    ("x = nn.Conv(features=32, kernel_size=(3, 3))(x)", (1, 28, 28, 1), (1, 28, 28, 32)),
    ("x = nn.Conv(64, (7, 7), (2, 2), padding=[(3, 3), (3, 3)], name='conv_init')(x)",
     (1, 224, 224, 3), (1, 112, 112, 64)),
]  # fmt: skip

SAYS = [
    ("nnx.Conv(in_features=256, out_features=256, kernel_size=(3,3), strides=1, padding=1, use_bias=True, "
     "feature_group_count=256) @124", "256 @124 k3 g256 bias"),
    ("nn.Conv(8, (3, 3)) 4: @9x8", "4:8 @9x8 k3 psame-upper bias"),
    ("nn.Conv(8, 3) 4: @9", "4:8 @9 k3 psame-upper bias 1d"),
    ("nn.Conv(8, kernel_size=(2,), kernel_dilation=4, padding='CAUSAL', use_bias=False) 4: @9", "4:8 @9 k2 p4-0 d4 1d"),
    ("nn.Conv(8, (3, 3), padding=((1, 2), (0, 1)), dtype=jnp.bfloat16) 4: @9", "4:8 @9 k3 p1-2x0-1 bias bf16"),
    ("nn.Conv(8, (4, 4), padding='CIRCULAR') 4: @9", "4:8 @9 k4 p1-2 bias mode=circular"),
    ("nn.Conv(8, (3, 3), padding='REFLECT', kernel_init=init.normal(1e-2)) 4: @9", "4:8 @9 k3 p1 bias mode=reflect"),
    ("nn.Conv(features=8, kernel_size=[3, 3], strides=[2, 1], padding=(1, 0)) 4: @9", "4:8 @9 k3 s2x1 p1x0 bias"),
    ("nn.Conv(8, (3, 3), strides=None, input_dilation=1, param_dtype=jnp.float32) (1, 9, 9, 4)",
     "4:8 @9 k3 psame-upper bias"),
    ("nn.ConvTranspose(8, (3, 3), strides=(2, 2)) 4: @9", "4:8 @9 k3 s2 p0-1 t bias"),
    ("nn.ConvTranspose(8, (2, 2), strides=(3, 3)) 4: @9", "4:8 @9 k2 s3 op1 t bias"),
    ("nn.ConvTranspose(8, (4, 4), strides=(2, 2), padding=2) 4: @9", "4:8 @9 k4 s2 p1 t bias"),
]  # fmt: skip


@each(("line", "given", "out"), DOCUMENTED)
def test_a_line_of_the_documentation_gives_the_shape_printed_there(
    line: str, given: tuple[int, ...], out: tuple[int, ...]
) -> None:
    """On the input of the example, written beside it."""
    answer = convcost.layer(f"{line} {given}", verify=False).row.words
    assert answer is not None
    shape = answer["output_shape"]
    assert (*shape[:1], *shape[2:], shape[1])[-len(out) :] == out


@each(("line", "tokens"), SAYS)
def test_a_line_says_what_the_tokens_say(line: str, tokens: str) -> None:
    """With the defaults of Flax: SAME, and a bias."""
    assert format_spec(parse_spec(line)) == format_spec(parse_spec(tokens))


@each(
    ("marked", "message", "hint"),
    [
        ("nn.Conv(features=64, kernel_size=(3, 3)) @9«»", "Flax's Conv does not say its in channels", "3: for 3"),
        ("«Conv(3, 64, 3, 2)» @9", "may be two things", "nnx.Conv"),
        ("nn.Conv(8, (3, 3), input_dilation=«2») 3: @9", "no plain convolution", "transposed"),
        ("nn.Conv(8, (3, 3), padding=«'HALF'») 3: @9", "such a padding is not known", "CIRCULAR"),
        ("nn.Conv(8, (3, 3), padding=«'CAUSAL'») 3: @9", "one axis", "another padding"),
        ("nn.Conv(8, (3, 3), strides=«(2,)») 3: @9", "stride has 1 axis, the rest has 2", "2 of them"),
        ("nn.ConvTranspose(8, (3, 3), padding=«'CIRCULAR'») 3: @9", "no tokens where the layer is transposed", "VALID"),
        ("nn.ConvTranspose(8, (3, 3), padding=«3») 3: @9", "a padding beyond the kernel has no tokens", "less"),
        ("nn.Conv(8, (3, 3), «stride»=2) 3: @9", "unknown argument stride", "did you mean strides?"),
        (
            "nn.Conv(8, (3, 3)) «(1, 3, 9, 9, 9)» @9",
            "a shape of 5 sizes does not fit 2 axes",
            "(batch, height, width, channels)",
        ),
    ],
)
def test_a_mistake_is_answered_in_the_words_of_flax(marked: str, message: str, hint: str) -> None:
    start, end = marked.index("«"), marked.index("»") - 1
    error = error_of(marked.replace("«", "").replace("»", ""))
    assert (error.start, error.end) == (start, end), error.render()
    assert message in error.message
    assert hint in error.hint
