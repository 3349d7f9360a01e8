"""Networks that neither torchvision nor timm has, written out in PyTorch after their papers, for make_networks.py."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn


def lenet5() -> nn.Module:
    """LeNet-5 (LeCun et al. 1998) as it is taught: every map of C3 reads all of S2, pools learn nothing, ten outputs.

    Input 1 x 32 x 32. The paper's own C3 leaves connections out, and its last layer measures distances.
    """
    return nn.Sequential(OrderedDict([
        ("c1", nn.Conv2d(1, 6, 5)), ("tanh1", nn.Tanh()), ("s2", nn.AvgPool2d(2)),
        ("c3", nn.Conv2d(6, 16, 5)), ("tanh2", nn.Tanh()), ("s4", nn.AvgPool2d(2)),
        ("c5", nn.Conv2d(16, 120, 5)), ("tanh3", nn.Tanh()), ("flatten", nn.Flatten()),
        ("f6", nn.Linear(120, 84)), ("tanh4", nn.Tanh()), ("output", nn.Linear(84, 10)),
    ]))  # fmt: skip


class UNet(nn.Module):
    """U-Net (Ronneberger et al. 2015), figure 1: unpadded convolutions with biases, copies cropped. 1 x 572 x 572."""

    def __init__(self, classes: int = 2) -> None:
        super().__init__()
        widths = (64, 128, 256, 512, 1024)
        self.down = nn.ModuleList([self.double(a, b) for a, b in zip((1, *widths), widths)])
        self.up = nn.ModuleList([nn.ConvTranspose2d(2 * b, b, 2, 2) for b in widths[-2::-1]])
        self.merge = nn.ModuleList([self.double(2 * b, b) for b in widths[-2::-1]])
        self.pool = nn.MaxPool2d(2)
        self.last = nn.Conv2d(64, classes, 1)

    @staticmethod
    def double(given: int, made: int) -> nn.Module:
        """Two 3 x 3 convolutions, each with its ReLU."""
        return nn.Sequential(nn.Conv2d(given, made, 3), nn.ReLU(), nn.Conv2d(made, made, 3), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        """Down, keeping what each level makes; up, with what was kept."""
        kept = []
        for level, block in enumerate(self.down):
            x = block(self.pool(x) if level else x)
            kept.append(x)
        kept.pop()
        for up, merge in zip(self.up, self.merge):
            x, copy = up(x), kept.pop()
            edge = (copy.shape[2] - x.shape[2]) // 2
            copy = copy[:, :, edge : edge + x.shape[2], edge : edge + x.shape[3]]
            x = merge(torch.cat([copy, x], 1))
        return self.last(x)


def conv(given: int, made: int, kernel: int = 1, stride: int = 1, padding: int | None = None) -> nn.Module:
    """YOLOv5's convolution: no bias, BatchNorm, SiLU."""
    pad = kernel // 2 if padding is None else padding
    return nn.Sequential(nn.Conv2d(given, made, kernel, stride, pad, bias=False), nn.BatchNorm2d(made), nn.SiLU())


class Bottleneck(nn.Module):
    """1 x 1, 3 x 3, and the shortcut where there is one."""

    def __init__(self, channels: int, shortcut: bool) -> None:
        super().__init__()
        self.first, self.second, self.shortcut = conv(channels, channels), conv(channels, channels, 3), shortcut

    def forward(self, x: Tensor) -> Tensor:
        """The sum, or what the two make."""
        made = self.second(self.first(x))
        return x + made if self.shortcut else made


class C3(nn.Module):
    """Half the channels through bottlenecks, half beside them, and a 1 x 1 over both."""

    def __init__(self, given: int, made: int, repeats: int, shortcut: bool = True) -> None:
        super().__init__()
        self.left, self.right = conv(given, made // 2), conv(given, made // 2)
        self.blocks = nn.Sequential(*[Bottleneck(made // 2, shortcut) for _ in range(repeats)])
        self.last = conv(made, made)

    def forward(self, x: Tensor) -> Tensor:
        """Both halves, joined."""
        return self.last(torch.cat([self.blocks(self.left(x)), self.right(x)], 1))


class SPPF(nn.Module):
    """Three max-poolings behind one another, all of them joined."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first, self.last = conv(channels, channels // 2), conv(2 * channels, channels)
        self.pool = nn.MaxPool2d(5, 1, 2)

    def forward(self, x: Tensor) -> Tensor:
        """Four views of growing reach."""
        found = [self.first(x)]
        for _ in range(3):
            found.append(self.pool(found[-1]))
        return self.last(torch.cat(found, 1))


class YOLOv5s(nn.Module):
    """YOLOv5s, release 6.0 (width 0.5, depth 1/3), 80 classes, up to its three maps of predictions. 3 x 640 x 640."""

    def __init__(self, classes: int = 80) -> None:
        super().__init__()
        self.stem = conv(3, 32, 6, 2, 2)
        self.stage2 = nn.Sequential(conv(32, 64, 3, 2), C3(64, 64, 1))
        self.stage3 = nn.Sequential(conv(64, 128, 3, 2), C3(128, 128, 2))
        self.stage4 = nn.Sequential(conv(128, 256, 3, 2), C3(256, 256, 3))
        self.stage5 = nn.Sequential(conv(256, 512, 3, 2), C3(512, 512, 1), SPPF(512))
        self.lateral5, self.top4 = conv(512, 256), C3(512, 256, 1, False)
        self.lateral4, self.top3 = conv(256, 128), C3(256, 128, 1, False)
        self.down3, self.bottom4 = conv(128, 128, 3, 2), C3(256, 256, 1, False)
        self.down4, self.bottom5 = conv(256, 256, 3, 2), C3(512, 512, 1, False)
        self.up = nn.Upsample(scale_factor=2)
        self.heads = nn.ModuleList([nn.Conv2d(n, 3 * (5 + classes), 1) for n in (128, 256, 512)])

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Backbone, then down and up the pyramid."""
        c3 = self.stage3(self.stage2(self.stem(x)))
        c4 = self.stage4(c3)
        p5 = self.lateral5(self.stage5(c4))
        p4 = self.lateral4(self.top4(torch.cat([self.up(p5), c4], 1)))
        n3 = self.top3(torch.cat([self.up(p4), c3], 1))
        n4 = self.bottom4(torch.cat([self.down3(n3), p4], 1))
        n5 = self.bottom5(torch.cat([self.down4(n4), p5], 1))
        return tuple([head(n) for head, n in zip(self.heads, (n3, n4, n5))])


class WaveNet(nn.Module):
    """One stack of WaveNet (van den Oord et al. 2016), sections 2.1 to 2.4, with the sizes of Arik et al. 2017.

    Input 256 x 16000: a second of one-hot samples. A causal convolution to 64 channels; ten layers with dilations
    1 to 512, each a two-tap causal convolution to filter and gate, a 1 x 1 back to the 64 (not behind the last layer,
    where nobody reads it) and a 1 x 1 to 256 skip channels; ReLU, 1 x 1, ReLU, 1 x 1 over the skips' sum.
    """

    def __init__(self, residual: int = 64, skip: int = 256, layers: int = 10) -> None:
        super().__init__()
        self.first = nn.Conv1d(256, residual, 2)
        self.gates = nn.ModuleList([nn.Conv1d(residual, 2 * residual, 2, dilation=2**i) for i in range(layers)])
        self.back = nn.ModuleList([nn.Conv1d(residual, residual, 1) for _ in range(layers - 1)])
        self.skips = nn.ModuleList([nn.Conv1d(residual, skip, 1) for _ in range(layers)])
        self.out1, self.out2 = nn.Conv1d(skip, skip, 1), nn.Conv1d(skip, 256, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Causal: padded before, by what the kernel reaches back."""
        x = self.first(nn.functional.pad(x, (1, 0)))
        total = None
        for i, (gate, skip) in enumerate(zip(self.gates, self.skips)):
            filtered, gated = gate(nn.functional.pad(x, (2**i, 0))).chunk(2, 1)
            z = filtered.tanh() * gated.sigmoid()
            total = skip(z) if total is None else total + skip(z)
            if i < len(self.back):
                x = x + self.back[i](z)
        return self.out2(nn.functional.relu(self.out1(nn.functional.relu(total))))


def ds_cnn(classes: int = 12) -> nn.Module:
    """DS-CNN-S (Zhang et al. 2017, "Hello Edge", table 9 and section 4): 49 x 10 MFCC features, 64 channels.

    A 10 x 4 convolution of stride 2 with TensorFlow's padding, four depthwise separable layers, average pooling over
    all positions; BatchNorm and ReLU behind every convolution, which has a bias (as MLPerf Tiny's reference has).
    """

    def block(given: int, made: int, *window: object, groups: int = 1) -> list[nn.Module]:
        return [nn.Conv2d(given, made, *window, groups=groups), nn.BatchNorm2d(made), nn.ReLU()]

    layers: list[nn.Module] = [nn.ZeroPad2d((1, 1, 4, 5)), *block(1, 64, (10, 4), 2)]
    for _ in range(4):
        layers += [*block(64, 64, 3, 1, 1, groups=64), *block(64, 64, 1)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, classes))
