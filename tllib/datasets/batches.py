"""A PhotoSet -> batches of pixels and labels; `reader` reads them."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from tllib.datasets.photos import PhotoSet

if TYPE_CHECKING:
    from tllib.datasets.reader import Batches


def batches(photos: PhotoSet, *, size: int = 224, batch_size: int = 32, shuffle: bool = False, seed: int = 0,
            augment: Callable | None = None, cache: bool = False, shard: tuple[int, int] = (0, 1),
            fill: bool = False) -> "Batches":
    """Stream photos: middle square, resized; memory holds two batches, however many photos there are.

    JPEG files are decoded at a half, a quarter or an eighth of their size where that is still large enough.

    Args:
        photos: from `load`.
        size: height and width, in pixels.
        batch_size: photos a batch; the last one may be smaller.
        shuffle: a new order every epoch, following `seed`; otherwise the order of `photos.paths`.
        seed: of the shuffling.
        augment: a Keras layer or model, pixels -> pixels, 0 to 255, such as `keras.layers.RandomFlip("horizontal")`;
            it sees every batch anew, after the cache. Seed the layer itself.
        cache: keep the resized pixels in an unnamed file on disk after the first epoch, 3 * size * size bytes a photo.
        shard: (i, n) reads photos i, i + n, i + 2n, …: for the i-th of n workers, which together read every photo once.

    Returns:
        A `keras.utils.PyDataset` of (pixels float32 `(b, size, size, 3)`, 0 to 255; labels int32 `(b,)`).

    Raises:
        ValueError: size, batch_size or shard make no sense.
    """
    from tllib.datasets.reader import Batches  # Keras, which finding and cleaning photos do without

    index, count = shard
    if not 0 <= index < count or size < 1 or batch_size < 1:
        raise ValueError(f"size and batch_size are at least 1, shard is (i, n) with 0 <= i < n; got size={size}, "
                         f"batch_size={batch_size}, shard={shard}.")
    part = slice(index, None, count)
    photos = replace(photos, paths=photos.paths[part], labels=photos.labels[part])
    return Batches(photos, size, batch_size, shuffle=shuffle, seed=seed, augment=augment, cache=cache, fill=fill)
