"""A breed and a seed -> a drawn cat or dog; and a folder of such drawings, the data set that is always there.

Everything is a polygon in the animal's own coordinates (about -1 to 1, y down), turned, scaled and placed by a `Pen`.
The seed chooses pose, size, place, tint, scene and what stands in front; species never does, so only the animal tells.
"""

import shutil
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops, ImageDraw

from tllib.suggest import unknown_name

INK, WHITE, PINK, DARK = (58, 44, 46), (250, 246, 240), (240, 150, 150), (52, 46, 52)


@dataclass(frozen=True)
class Breed:
    """What a breed looks like: fur, a second colour, pattern (plain, stripes, spots, curls), ears, eyes, blaze, mask."""

    species: str
    fur: tuple[int, int, int]
    second: tuple[int, int, int]
    pattern: str
    ears: str
    eyes: tuple[int, int, int]
    chest: tuple[int, int, int] | None = None
    points: tuple[int, int, int] | None = None


BREEDS = {
    "Ginger_Tabby": Breed("Cat", (236, 160, 84), (196, 108, 44), "stripes", "pointed", (110, 160, 70), WHITE),
    "Siamese": Breed("Cat", (240, 224, 198), (92, 70, 62), "plain", "pointed", (84, 160, 220), None, (92, 70, 62)),
    "Tuxedo": Breed("Cat", (62, 60, 68), (40, 38, 46), "plain", "pointed", (214, 190, 70), WHITE),
    "Scottish_Fold": Breed("Cat", (150, 158, 172), (122, 130, 146), "stripes", "folded", (222, 150, 60)),
    "Beagle": Breed("Dog", (206, 140, 80), (86, 62, 52), "plain", "floppy", (94, 62, 40), WHITE, (170, 100, 56)),
    "Dalmatian": Breed("Dog", (246, 243, 238), (48, 46, 50), "spots", "floppy", (94, 62, 40), None, (60, 56, 60)),
    "Poodle": Breed("Dog", (222, 180, 136), (198, 150, 106), "curls", "long", (80, 54, 40)),
    "Husky": Breed("Dog", (124, 130, 142), (84, 90, 102), "plain", "pointed", (100, 176, 226), WHITE),
}


class Pen:
    """Draws polygons given in the animal's coordinates onto the picture; fur is cut out of a patterned coat."""

    def __init__(self, picture, coat, middle, scale, tilt=0.0, flip=1):
        self.picture, self.coat, self.middle, self.scale, self.tilt, self.flip = picture, coat, middle, scale, tilt, flip

    def at(self, x, y, scale=1.0, tilt=0.0):
        """The same pen with its origin moved to (x, y)."""
        return Pen(self.picture, self.coat, self.place([(x, y)])[0], self.scale * scale, self.tilt + tilt, self.flip)

    def place(self, points):
        """Animal coordinates -> pixels."""
        turn = np.array([[np.cos(self.tilt), np.sin(self.tilt)], [-np.sin(self.tilt), np.cos(self.tilt)]])
        return np.asarray(points) @ turn * [self.flip * self.scale, self.scale] + self.middle

    def fill(self, points, colour=None, outline=True):
        """Fill a smooth closed curve with a colour, or with fur."""
        corners = self.place(points)
        low, high = np.floor(corners.min(axis=0)).astype(int), np.ceil(corners.max(axis=0)).astype(int) + 1
        mask = Image.new("L", tuple(high - low))
        ImageDraw.Draw(mask).polygon([tuple(point) for point in corners - low], fill=255)
        self.picture.paste(self.coat.crop((*low, *high)) if colour is None else colour, (*low, *high), mask)
        if outline:
            self.stroke(points, 0.022, INK, closed=True)

    def stroke(self, points, width, colour, closed=False):
        """Draw a line of a width given in animal units."""
        corners = [tuple(point) for point in self.place(points)]
        ImageDraw.Draw(self.picture).line(corners + corners[:closed], colour, max(2, round(width * self.scale)), "curve")


def oval(x, y, width, height, turn=0.0):
    """Points of an ellipse with the given half axes, turned by `turn` radians."""
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    dx, dy = width * np.cos(angle), height * np.sin(angle)
    return np.stack([x + dx * np.cos(turn) - dy * np.sin(turn), y + dx * np.sin(turn) + dy * np.cos(turn)], axis=1)


def smooth(points, closed=True):
    """Round the corners of a polygon or line (Chaikin, three times)."""
    points = np.asarray(points, float)
    for _ in range(3):
        after = np.roll(points, -1, axis=0) if closed else points[1:]
        here = points if closed else points[:-1]
        points = np.stack([0.75 * here + 0.25 * after, 0.25 * here + 0.75 * after], axis=1).reshape(-1, 2)
    return points


def _head(pen, breed, random):
    cat, ear = breed.species == "Cat", breed.points or breed.second
    sleepy = random.random() < 0.12
    for side in (-1, 1):  # ears behind the face
        if breed.ears == "pointed":
            pen.fill(smooth([(side * 0.72, -0.1), (side * 0.78, -1.12), (side * 0.62, -1.1), (side * 0.08, -0.62)]),
                     ear if breed.points else None)
            pen.fill(smooth([(side * 0.62, -0.4), (side * 0.7, -0.9), (side * 0.3, -0.58)]), PINK, outline=False)
        elif breed.ears == "folded":
            pen.fill(smooth([(side * 0.75, -0.3), (side * 0.85, -0.72), (side * 0.5, -0.9), (side * 0.2, -0.62)]))
    if cat:
        pen.fill(oval(0, 0, 0.86, 0.74))
    else:
        pen.fill(smooth([(-0.5, -0.78), (0.5, -0.78), (0.82, -0.2), (0.62, 0.5), (0.3, 0.86), (-0.3, 0.86), (-0.62, 0.5),
                         (-0.82, -0.2)]))
    if breed.pattern == "stripes":
        for x in (-0.18, 0, 0.18):
            pen.stroke([(x, -0.66), (x * 0.7, -0.4)], 0.07, breed.second)
    if breed.chest:  # blaze and cheeks
        pen.fill(smooth([(-0.1, -0.72), (0.1, -0.72), (0.14, 0), (0.62, 0.3), (0.3, 0.7 if cat else 0.8),
                         (-0.3, 0.7 if cat else 0.8), (-0.62, 0.3), (-0.14, 0)]), breed.chest, outline=False)
    if cat and breed.points:
        pen.fill(oval(0, 0.14, 0.46, 0.5), breed.points, outline=False)
    muzzle = breed.points if cat and breed.points else WHITE if breed.chest else tuple(min(255, c + 22) for c in breed.fur)
    if cat:
        for side in (-1, 1):
            pen.fill(oval(side * 0.17, 0.34, 0.24, 0.18), muzzle, outline=False)
    else:
        pen.fill(oval(0, 0.42, 0.42, 0.38), muzzle)
    for side in (-1, 1):
        x, y = side * (0.4 if cat else 0.36), -0.08 if cat else -0.18
        if sleepy:
            pen.stroke(smooth([(x - 0.16, y), (x, y + 0.12), (x + 0.16, y)], closed=False), 0.05, INK)
            continue
        pen.fill(oval(x, y, 0.19 if cat else 0.14, 0.2 if cat else 0.15), breed.eyes)
        pen.fill(oval(x, y, 0.07 if cat else 0.09, 0.17 if cat else 0.1), (20, 18, 22), outline=False)
        pen.fill(oval(x + 0.05, y - 0.07, 0.045, 0.045), (255, 255, 255), outline=False)
    nose = 0.22 if cat else 0.24
    pen.fill(smooth([(-0.1, nose - 0.06), (0.1, nose - 0.06), (0, nose + 0.09)]) if cat else oval(0, nose, 0.17, 0.12),
             PINK if cat and not breed.points else DARK)
    for side in (-1, 1):
        pen.stroke(smooth([(0, nose + 0.08), (0, nose + 0.2), (side * 0.12, nose + 0.3), (side * 0.26, nose + 0.24)],
                          closed=False), 0.03, INK)
        for lift in ((-0.1, 0.02, 0.14) if cat else ()):
            pen.stroke([(side * 0.3, 0.34 + lift * 0.4), (side * 0.98, 0.26 + lift)], 0.014, WHITE if breed.points else INK)
        if breed.ears in ("floppy", "long"):  # ears in front of the face
            long = 0.95 if breed.ears == "long" else 0.5
            pen.fill(smooth([(side * 0.42, -0.76), (side * 0.86, -0.66), (side * 1.06, long - 0.35), (side * 0.84, long),
                             (side * 0.62, long - 0.2), (side * 0.6, -0.3)]), ear if breed.pattern != "curls" else None)
    if not cat and random.random() < 0.5:
        pen.fill(oval(0.04, 0.68, 0.11, 0.18), (232, 104, 112))
    if breed.pattern == "curls":
        for x in (-0.36, -0.12, 0.12, 0.36):
            pen.fill(oval(x, -0.82 + abs(x) * 0.3, 0.22, 0.22))


def _body(pen, breed, pose, random):
    """Draw body, legs and tail, and give a pen for the head."""
    paw = breed.points if breed.species == "Cat" and breed.points else breed.chest
    sway = random.uniform(-0.2, 0.2)
    long = breed.species == "Cat" or breed.ears == "pointed"
    tail = np.array([(0, 0), (0.34, -0.06), (0.5, -0.4 + sway), (0.34 + sway, -0.78)]) * (1.0 if long else 0.75)
    tip = breed.points or (breed.second if breed.pattern == "spots" else None)

    def limb(x, y, width, height, foot=True):
        pen.fill(oval(x, y, width, height))
        if foot:
            pen.fill(oval(x, y + height * 0.86, width * 1.15, 0.1), paw)

    def draw_tail(x, y):
        line = smooth(tail + [x, y], closed=False)
        pen.stroke(line, 0.2 if breed.ears == "pointed" and breed.species == "Dog" else 0.13, INK)
        pen.stroke(line, 0.15 if breed.ears == "pointed" and breed.species == "Dog" else 0.09,
                   tip or breed.fur)
        if breed.pattern == "curls":
            pen.fill(oval(*(tail[-1] + [x, y]), 0.17, 0.17))

    if pose == "portrait":
        pen.fill(smooth([(-0.75, 1.9), (-0.62, 0.75), (0.62, 0.75), (0.75, 1.9)]))
        if breed.chest:
            pen.fill(smooth([(-0.3, 1.8), (-0.24, 0.8), (0.24, 0.8), (0.3, 1.8)]), breed.chest, outline=False)
        return pen.at(0, 0.1, 0.95, random.uniform(-0.2, 0.2))
    if pose == "sitting":
        draw_tail(0.42, 0.86)
        for side in (-1, 1):
            limb(side * 0.44, 0.72, 0.24, 0.28)
        pen.fill(smooth([(-0.42, 0.95), (-0.5, 0.5), (-0.3, -0.2), (0.3, -0.2), (0.5, 0.5), (0.42, 0.95)]))
        if breed.chest:
            pen.fill(oval(0, 0.28, 0.2, 0.38), breed.chest, outline=False)
        for side in (-1, 1):
            limb(side * 0.16, 0.66, 0.12, 0.34)
        return pen.at(0, -0.42, 0.56, random.uniform(-0.22, 0.22))
    low = 0.32 if pose == "lying" else 0.0
    draw_tail(0.72, 0.1 + low)
    if pose == "standing":
        for x in (-0.42, 0.56, -0.56, 0.42):
            limb(x, 0.58, 0.12, 0.42)
    pen.fill(smooth([(-0.72, -0.08 + low), (-0.3, -0.26 + low), (0.5, -0.26 + low), (0.86, 0.0 + low), (0.76, 0.44 + low),
                     (-0.6, 0.46 + low)]))
    if breed.species == "Dog" and breed.chest:  # the saddle of beagle and husky
        pen.fill(smooth([(-0.3, -0.2 + low), (0.6, -0.2 + low), (0.66, 0.1 + low), (-0.2, 0.1 + low)]), breed.second, False)
    if pose == "lying":
        for x in (-0.62, 0.5):
            pen.fill(oval(x, 0.74, 0.32, 0.11))
            pen.fill(oval(x - 0.26, 0.75, 0.12, 0.1), paw)
    return pen.at(-0.72, -0.3 + low, 0.5, random.uniform(-0.25, 0.25))


def _coat(size, breed, scale, random):
    """A sheet of fur as large as the picture, to be cut to shape."""
    tint = random.uniform(-14, 14) + random.uniform(-5, 5, 3)
    fur, second = ((np.array(colour) + tint).clip(0, 255).astype(int) for colour in (breed.fur, breed.second))
    coat = Image.new("RGB", (size, size), tuple(fur))
    pencil, unit = ImageDraw.Draw(coat), scale / 10
    for _ in range({"plain": 0, "stripes": 0, "spots": 170, "curls": 900}[breed.pattern]):
        x, y = random.uniform(0, size, 2)
        radius = unit * (random.uniform(0.3, 0.9) if breed.pattern == "spots" else 0.8)
        box = (x - radius, y - radius * 0.9, x + radius, y + radius * 0.9)
        if breed.pattern == "spots":
            pencil.ellipse(box, tuple(second))
        else:
            pencil.arc(box, random.uniform(0, 360), random.uniform(360, 560), tuple(second), max(1, round(unit / 4)))
    for x in np.arange(0, size, 2.4 * unit) if breed.pattern == "stripes" else ():
        wave = [(x + unit * 0.5 * np.sin(y / unit / 1.7 + x), y) for y in np.arange(0, size, unit)]
        pencil.line(wave, tuple(second), max(1, round(unit * 0.8)), "curve")
    return coat


def _scene(size, random):
    """A background; the same ones for every breed."""
    kind = random.choice(["meadow", "room", "dots", "night", "wall"])
    hue = np.array([(255, 214, 170), (190, 220, 240), (206, 232, 200), (240, 204, 214), (226, 214, 240)][random.integers(5)])
    fade = np.linspace(1.0, 0.86, size)[:, None, None] * np.ones((1, size, 1))
    top = np.array((36, 44, 84)) if kind == "night" else hue
    picture = Image.fromarray((fade * top).clip(0, 255).astype("uint8"))
    pencil, ground = ImageDraw.Draw(picture), size * random.uniform(0.55, 0.75)
    if kind in ("meadow", "night"):
        green = (70, 100, 80) if kind == "night" else (140, 190, 110)
        pencil.ellipse((-size * 0.4, ground, size * 1.4, size * 2), green)
        x, y, r = size * random.uniform(0.1, 0.9), size * 0.14, size * 0.07
        pencil.ellipse((x - r, y - r, x + r, y + r), (250, 240, 200))
        for _ in range(26):
            x, y = random.uniform(0, size), random.uniform(ground * 1.15, size)
            pencil.line((x, y, x + size * 0.01, y - size * 0.03), tuple(int(c * 0.82) for c in green), size // 150)
    elif kind == "room":
        pencil.rectangle((0, ground, size, size), tuple((hue * 0.72).astype(int)))
        x, w = size * random.uniform(0.02, 0.6), size * 0.3
        pencil.rectangle((x, size * 0.08, x + w, size * 0.42), (214, 236, 250), WHITE, size // 50)
        pencil.line((x + w / 2, size * 0.08, x + w / 2, size * 0.42), WHITE, size // 60)
        pencil.ellipse((size * 0.1, size * 0.8, size * 0.9, size * 1.1), tuple((hue * 0.6 + 40).astype(int)))
    elif kind == "dots":
        for y in range(0, 9):
            for x in range(0, 9):
                cx, cy, r = (x + y % 2 / 2) * size / 8, y * size / 8, size / 40
                pencil.ellipse((cx - r, cy - r, cx + r, cy + r), tuple((hue * 0.9).astype(int)))
    return picture


def _in_front(pen, random, much):
    """A plant, a box or a ball between us and the animal."""
    kind, side = random.choice(["plant", "box", "ball"]), random.choice([-1, 1])
    x = side * (0.25 if much else 0.8)
    if kind == "plant":
        for lean in np.linspace(-0.7, 0.7, 6):
            pen.fill(smooth([(x, 1.3), (x + lean * 0.5 - 0.12, 0.5), (x + lean, -0.3 if much else 0.2), (x + lean * 0.5 + 0.12, 0.6)]),
                     (86, 150, 96))
    elif kind == "box":
        pen.fill([(x - 0.5, 0.3 - much * 0.35), (x + 0.5, 0.3 - much * 0.35), (x + 0.5, 1.3), (x - 0.5, 1.3)], (200, 160, 112))
    else:
        pen.fill(oval(x, 0.82, 0.3, 0.3), (222, 96, 88))
        pen.stroke(smooth([(x - 0.28, 0.82), (x, 0.7), (x + 0.28, 0.82)], closed=False), 0.04, WHITE)


def draw(breed: str, *, seed: int, size: int = 224) -> np.ndarray:
    """Draw one pet.

    Args:
        breed: a name in `BREEDS`.
        seed: chooses all that varies; the same seed draws the same picture.
        size: height and width in pixels.

    Returns:
        uint8 `(size, size, 3)`.

    Raises:
        ValueError: unknown breed.
    """
    if breed not in BREEDS:
        raise unknown_name("breed", breed, BREEDS)
    row, random, big = BREEDS[breed], np.random.default_rng([zlib.crc32(breed.encode()), seed]), 2 * size
    picture = _scene(big, random)
    trouble = random.choice(["", "far", "hidden", "dim", "edge"], p=[0.86, 0.04, 0.04, 0.03, 0.03])
    pose = random.choice(["sitting", "standing", "lying", "portrait"])
    scale = big * (0.12 if trouble == "far" else random.uniform(0.26, 0.42)) * (1.1 if pose == "portrait" else 1.0)
    middle = np.array([0.5, 0.55]) * big + random.uniform(-0.1, 0.1, 2) * big
    if trouble == "edge":
        middle = middle + [random.choice([-0.36, 0.36]) * big, 0.1 * big]
    pen = Pen(picture, _coat(big, row, scale, random), middle, scale, random.uniform(-0.08, 0.08), random.choice([-1, 1]))
    if pose != "portrait":
        pen.fill(oval(0, 0.98, 0.8, 0.09), tuple(int(c * 0.7) for c in picture.getpixel((big // 2, big - 2))), outline=False)
    head = _body(pen, row, pose, random)
    if random.random() < 0.4:
        head.fill(oval(0, 0.86, 0.46, 0.14), [(206, 64, 70), (64, 120, 190), (96, 160, 90)][random.integers(3)])
    _head(head, row, random)
    if trouble == "hidden" or random.random() < 0.25:
        _in_front(pen, random, trouble == "hidden")
    light = random.uniform(0.32, 0.42) if trouble == "dim" else random.uniform(0.88, 1.06)
    cast = tuple(int(255 * min(1.0, light * c)) for c in random.uniform(0.93, 1.0, 3))
    picture = ImageChops.multiply(picture, Image.new("RGB", picture.size, cast))
    return np.asarray(picture.resize((size, size), Image.Resampling.LANCZOS)).copy()


def write_set(folder: Path, *, per_breed: int = 40, seed: int = 0) -> Path:
    """Draw `per_breed` pictures of every breed as `folder/<species>/<breed>_<n>.png`, unless `folder` is there already.

    They are drawn in a folder beside it that takes its place when complete, so a half-drawn set is never believed.
    """
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".drawing-"))
    try:
        for breed, row in BREEDS.items():
            (temporary / row.species).mkdir(exist_ok=True)
            for n in range(per_breed):
                picture = draw(breed, seed=seed * 100_000 + n)
                Image.fromarray(picture).save(temporary / row.species / f"{breed}_{n + 1:03d}.png")
        try:
            temporary.rename(folder)
        except OSError:
            if not folder.is_dir():  # if it is, another process was quicker: its drawings are the same
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder
