"""Lines of Keras: from its documentation, with the shapes that it prints there, and what its words mean."""

from __future__ import annotations

import pytest
from spec.spec_cases import error_of
from tables import each

import convcost
from convcost.spec import format_spec, parse_spec, read_layer

#: A line, the shape of what it is called on, and of what comes out: keras.io and tensorflow.org have them.
DOCUMENTED = [
    ("y = keras.layers.Conv1D(32, 3, activation='relu')(x)", (4, 10, 128), (4, 8, 32)),
    (">>> y = keras.layers.Conv2D(32, 3, activation='relu')(x)", (4, 10, 10, 128), (4, 8, 8, 32)),
    ("keras.layers.Conv3D(32, 3, activation='relu')(x)", (4, 10, 10, 10, 128), (4, 8, 8, 8, 32)),
    ("keras.layers.Conv1DTranspose(32, 3, 2, activation='relu')(x)", (4, 10, 128), (4, 21, 32)),
    ("keras.layers.Conv2DTranspose(32, 2, 2, activation='relu')(x)", (4, 10, 8, 128), (4, 20, 16, 32)),
    ("keras.layers.Conv3DTranspose(32, 2, 2, activation='relu')(x)", (4, 10, 8, 12, 128), (4, 20, 16, 24, 32)),
    ("tf.keras.layers.Conv2D(2, 3, activation='relu', input_shape=input_shape[1:])(x)", (4, 28, 28, 3), (4, 26, 26, 2)),
    ("tf.keras.layers.Conv2D(2, 3, activation='relu', dilation_rate=2, input_shape=input_shape[1:])(x)",
     (4, 28, 28, 3), (4, 24, 24, 2)),
    ('tf.keras.layers.Conv2D(2, 3, activation="relu", padding="same", input_shape=input_shape[1:])(x)',
     (4, 28, 28, 3), (4, 28, 28, 2)),
    ("y = tf.keras.layers.Conv1D(32, 3, activation='relu',input_shape=input_shape[1:])(x)", (4, 10, 128), (4, 8, 32)),
    ("y = tf.keras.layers.Conv3D(2, 3, activation='relu', input_shape=input_shape[1:])(x)",
     (4, 28, 28, 28, 1), (4, 26, 26, 26, 2)),
]  # fmt: skip

#: What a line is in our notation; params are those that `model.summary()` prints in Keras's guides.
SAYS = [
    ("layers.Conv2D(32, kernel_size=(3, 3), activation=\"relu\"), (28, 28, 1)", "1:32 @28 k3 p0 bias", 320),
    ("model.add(layers.Conv2D(32, (3, 3), activation='relu', input_shape=(32, 32, 3)))", "3:32 @32 k3 p0 bias", 896),
    ("model.add(layers.Conv2D(64, (3, 3), activation='relu')) 32: @15", "32:64 @15 k3 p0 bias", 18496),
    ("Conv2D(64, (3,3), strides=2, padding='same', input_shape=(224,224,3))", "3:64 @224 k3 s2 psame-upper bias", 1792),
    ("Conv2D(filters=8, kernel_size=5, padding='SAME', use_bias=False) 4: @9x7", "4:8 @9x7 k5 psame-upper", 800),
    ("Conv2D(8, 3, data_format='channels_first', input_shape=(4, 9, 7))", "4:8 @9x7 k3 p0 bias", 296),
    ("Conv2D(8, 3, batch_input_shape=(2, 9, 7, 4))", "4:8 @9x7 k3 p0 n2 bias", 296),
    ("Conv2D(8, 3, groups=2) (None, 9, 7, 4)", "4:8 @9x7 k3 p0 g2 bias", 152),
    ("Conv2D(8, 3, input_shape=(None, None, 4)) @9x7", "4:8 @9x7 k3 p0 bias", 296),
    ("Conv2D(8, 3, input_shape=(-1, -1, 4)) @9x7", "4:8 @9x7 k3 p0 bias", 296),
    ("Conv2D(8, 1, input_shape=(1, 1, 4))", "4:8 @1 k1 bias", 40),
    ("Conv2D(8, 3, dtype='float16', kernel_regularizer=l2(1e-4), name='c') 4: @9", "4:8 @9 k3 p0 bias fp16", 296),
    ("Convolution2D(8, 3, kernel_initializer=lambda shape: f(shape, [1])) 4: @9", "4:8 @9 k3 p0 bias", 296),
    ("Conv1D(64, 2, dilation_rate=8, padding='causal', input_shape=(100,16))", "16:64 @100 k2 p8-0 d8 bias 1d", 2112),
    ("DepthwiseConv2D(3, padding='same', use_bias=False, input_shape=(13,13,512))",
     "512 @13 k3 psame-upper g512", 4608),
    ("DepthwiseConv2D((3, 3), depth_multiplier=2) 4: @9", "4:8 @9 k3 p0 g4 bias", 80),
    ("DepthwiseConv1D(3, strides=2) 4: @9", "4 @9 k3 s2 p0 g4 bias 1d", 16),
    ("Conv2DTranspose(8, 3, strides=2, padding='same') 4: @9", "4:8 @9 k3 s2 p0-1 t bias", 296),
    ("Conv2DTranspose(8, 4, strides=2, padding='same') 4: @9", "4:8 @9 k4 s2 p1 t bias", 520),
    ("Conv2DTranspose(8, 2, strides=3, padding='valid') 4: @9", "4:8 @9 k2 s3 op1 t bias", 136),
    ("Conv2DTranspose(8, 2, strides=3, padding='same') 4: @9", "4:8 @9 k2 s3 op1 t bias", 136),
    ("Conv2DTranspose(8, 3, strides=2, padding='same', output_padding=1) 4: @9", "4:8 @9 k3 s2 p1 op1 t bias", 296),
]  # fmt: skip


@each(("line", "given", "out"), DOCUMENTED)
def test_a_line_of_the_documentation_gives_the_shape_printed_there(
    line: str, given: tuple[int, ...], out: tuple[int, ...]
) -> None:
    """On the input of the example, written beside it."""
    answer = convcost.layer(f"{line} {given}", verify=False).row.words
    assert answer is not None
    assert answer["output_shape"] == (out[0], out[-1], *out[1:-1])


@each(("line", "tokens", "params"), SAYS)
def test_a_line_says_what_the_tokens_say(line: str, tokens: str, params: int) -> None:
    """With the defaults of Keras; an activation is no token."""
    assert format_spec(parse_spec(line)) == format_spec(parse_spec(tokens))
    answer = convcost.layer(line, verify=False).row.words
    assert answer is not None
    assert answer["params"] == params


@each("size", range(1, 6))
@each("kernel", range(1, 5))
@each("stride", range(1, 5))
@each("padding", ["same", "valid"])
def test_a_transposed_output_has_the_length_that_keras_computes(
    size: int, kernel: int, stride: int, padding: str
) -> None:
    """`deconv_output_length` of Keras: n*s for same, n*s + max(k - s, 0) for valid."""
    line = f"Conv1DTranspose(1, {kernel}, strides={stride}, padding='{padding}') 1: @{size}"
    answer = convcost.layer(line, verify=False).row.words
    assert answer is not None
    assert answer["output_shape"][2] == size * stride + (max(kernel - stride, 0) if padding == "valid" else 0)


def test_separable_is_the_depthwise_separable_variant_with_one_bias() -> None:
    """SeparableConv2D(32, 3) on 16 channels: 16*9 + 16*32 + 32 parameters, as Keras prints."""
    read = read_layer("SeparableConv2D(32, 3, depth_multiplier=2, input_shape=(28, 28, 16))")
    assert (read.variant, read.source) == ("depthwise-separable", "Keras SeparableConv2D")
    assert format_spec(read.spec) == "16:32 @28 k3 p0 m2 bias=last"
    answer = convcost.layer("SeparableConv2D(32, 3, input_shape=(28, 28, 16))")
    assert answer.row.words is not None
    assert answer.row.words["params"] == 688
    assert [op.name for op in answer.row.ops] == ["depthwise", "pointwise"]


@each(
    ("word", "kind"), [("'relu'", "relu"), ("tf.nn.relu6", "relu6"), ("keras.activations.swish", "silu"),
                       ("'leaky_relu'", "leaky-relu"), ("None", None), ("'linear'", None)]
)  # fmt: skip
def test_an_activation_follows_the_layer(word: str, kind: str | None) -> None:
    assert parse_spec(f"Conv2D(8, 3, activation={word}) 4: @9").activation == kind


def test_one_size_beside_a_shape_holds_for_all_axes() -> None:
    assert parse_spec("Conv2D(64, 3, input_shape=(9, 9, 3)) @9").input_size == (9, 9)


@pytest.mark.parametrize("word", ["'softmax'", "layers.PReLU()", "lambda x: x"])
def test_an_activation_that_is_not_counted_is_noted(word: str) -> None:
    """Nothing is left out in silence."""
    read = read_layer(f"Conv2D(8, 3, activation={word}) 4: @9")
    assert read.spec.activation is None
    assert "is left out" in read.notes[0]


@each(
    ("marked", "message", "hint"),
    [
        (
            "Conv2D(64, (3,3), padding='same') @224«»",
            "Keras's Conv2D does not say its in channels",
            "3: for 3 channels",
        ),
        ("Conv2D(64, 3) 3:«»", "input_size is missing", "(batch, height, width, channels)"),
        ("Conv2D(64, 3, input_shape=(0, 9, 3))«»", "input_size is missing", "(batch, height, width, channels)"),
        ("Conv2D(64, 3, padding=«1») 3: @9", "the padding of Keras is valid or same", "p1"),
        ("Conv2D(64, 3, padding=«'causal'») 3: @9", "the padding of Keras is valid or same", "p1"),
        ("Conv2D(64, 3, strides=2, dilation_rate=«2») 3: @9", "refuses strides together", "s2 d2"),
        ("Conv2D(64, 3, «border_mode»='same') 3: @9", "unknown argument border_mode", "Keras 1; write padding"),
        ("«Convolution2D(64, 3, 3)» 3: @9", "two versions of Keras", "kernel_size=(3, 3)"),
        ("«Conv2D(7, 7, 3)» @9", "may be Keras's or Paddle's", "keras.layers.Conv2D or paddle.nn.Conv2D"),
        ("Conv2D(64, 3, input_shape=«(224, 224)») @9", "such an input has no place", "2 sizes and the channels"),
        ("Conv2D(64, 3, input_shape=«(9, 9, 3)») 4:", "in_channels is 4 elsewhere in the line, and 3 here", "keep one"),
        ("Conv2D(64, 3, input_shape=«(9, 9, 3)») @8", "two things of input_size", "keep one"),
        ("Conv2D(64, 3, input_shape=«(9, 8, 3)») @9", "two things of input_size", "keep one"),
        ("Conv2D(64, 3) «3» @8", "already says channels", "written 3:"),
        ("Conv2D(«filters», 3) 3: @8", "filters is filters here, a name", "filters=…"),
    ],
)
def test_a_mistake_is_answered_in_the_words_of_keras(marked: str, message: str, hint: str) -> None:
    start, end = marked.index("«"), marked.index("»") - 1
    error = error_of(marked.replace("«", "").replace("»", ""))
    assert (error.start, error.end) == (start, end), error.render()
    assert message in error.message
    assert hint in error.hint
