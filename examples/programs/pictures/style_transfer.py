"""A photograph in the manner of another: pixels are trained, the network is not (Gatys, Ecker and Bethge, 2016).

The full run takes 16 seconds; it reads photos/ in $GRADUS_DATA. No trained network is at hand, and none is needed:
random filters at several sizes tell a texture nearly as well (Ustyuzhaninov et al., 2017). The figure at the end: how
far the picture's texture is from the wanted one, as a share of how far it was at the beginning.
"""

import os
import sys
from pathlib import Path

import numpy as np

import gradus
from gradus import nn, optim
from gradus.data import read_image
from gradus.nn import functional as F

fast = "--fast" in sys.argv
filters, steps, SCALES = (16, 60, 2) if fast else (64, 300, 4)
gradus.seed(0)

if fast:  # a disc, and stripes
    i, j = np.mgrid[:48, :64] / 48
    content = np.stack([(i - 0.5) ** 2 + (j - 0.7) ** 2 < 0.1] * 3).astype(np.float32) * 0.6 + 0.2
    style = np.stack([np.sin(40 * i + k) for k in range(3)]).astype(np.float32) / 2 + 0.5
else:
    photos = Path(os.environ["GRADUS_DATA"], "photos")
    content = read_image(photos / "chelsea.png", size=(160, 240))
    style = read_image(photos / "coffee.png", size=(160, 240))
content, style = gradus.tensor(content[None]), gradus.tensor(style[None])

layers = [nn.Conv2d(3, filters, 5).requires_grad_(False) for _ in range(SCALES)]


def textures(picture):
    """At each scale which filters answer together: the products of their maps, averaged over the picture."""
    found = []
    for layer in layers:
        maps = F.relu(layer(picture - 0.5)).reshape(filters, -1)
        found.append(maps @ maps.T / maps.shape[1])
        picture = F.avg_pool2d(picture, 2)
    return found


def distance(found, wanted):
    """How far textures are apart, each scale by its own size."""
    return sum(((a - b) ** 2).sum() / (b**2).sum() for a, b in zip(found, wanted, strict=True))


picture = nn.Parameter(content)
optimizer = optim.Adam([picture], lr=0.02)
wanted, shape = [t.detach() for t in textures(style)], F.avg_pool2d(content, 4)


@gradus.compile
def train_step():
    """The pixels move towards the texture of one picture, and keep the coarse shape of the other."""
    optimizer.zero_grad()
    texture = distance(textures(picture), wanted)
    kept = ((F.avg_pool2d(picture, 4) - shape) ** 2).mean()
    (texture + 20 * kept).backward()
    optimizer.step()
    picture.assign_(picture.detach().clip(0, 1))
    return texture, kept


for step in range(steps):
    texture, kept = train_step()
    if step % (steps // 10) == 0:
        print(f"step {step:4}  texture {texture:.4f}  shape {kept:.5f}")

shown = gradus.concatenate([content, style, picture.detach()]).numpy()
with gradus.no_grad():
    figure = (distance(textures(picture), wanted) / distance(textures(content), wanted)).item()
print(f"distance to the wanted texture, of that at the beginning: {figure:.4f}")
