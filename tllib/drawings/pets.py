"""A breed and a seed -> a drawn cat or dog; and a folder of such drawings, the data set that is always there.

Every shape is a polygon in the animal's own coordinates (about -1 to 1, y down), turned, scaled and placed by a `Pen`.
The seed chooses pose, size, place, tint, scene and what stands in front; the species never does: only the animal tells.
"""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tllib.files import replacing
from tllib.suggest import unknown_name

import numpy as np
from PIL import Image, ImageChops, ImageDraw

INK, WHITE, PINK, DARK = (58, 44, 46), (250, 246, 240), (240, 150, 150), (52, 46, 52)
SKIES = ((255, 214, 170), (190, 220, 240), (206, 232, 200), (240, 204, 214), (226, 214, 240))
COLLARS = ((206, 64, 70), (64, 120, 190), (96, 160, 90))
Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Breed:
    """Colours (fur, second, eyes, chest, points), pattern (plain, stripes, spots, curls) and shape of the ears."""

    species: str
    fur: Colour
    second: Colour
    pattern: str
    ears: str
    eyes: Colour
    chest: Colour | None = None
    points: Colour | None = None


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


@dataclass(frozen=True)
class Pen:
    """Draws shapes given in the animal's coordinates onto the picture; fur is cut out of a patterned coat."""

    picture: Image.Image
    coat: Image.Image
    middle: np.ndarray
    scale: float
    tilt: float
    flip: int

    def at(self, x, y, scale, tilt):
        """The same pen with its origin moved to (x, y)."""
        return Pen(self.picture, self.coat, self.place([(x, y)])[0], self.scale * scale, self.tilt + tilt, self.flip)

    def place(self, points):
        """Animal coordinates -> pixels."""
        cos, sin = np.cos(self.tilt), np.sin(self.tilt)
        turned = np.asarray(points) @ [[cos, sin], [-sin, cos]]
        return turned * [self.flip * self.scale, self.scale] + self.middle

    def fill(self, points, colour=None, outline=True):
        """Fill a closed curve with a colour, or with fur."""
        corners = self.place(points)
        low, high = np.floor(corners.min(axis=0)).astype(int), np.ceil(corners.max(axis=0)).astype(int) + 1
        mask = Image.new("L", tuple(high - low))
        ImageDraw.Draw(mask).polygon([tuple(point) for point in corners - low], fill=255)
        self.picture.paste(self.coat.crop((*low, *high)) if colour is None else colour, (*low, *high), mask)
        if outline:
            self.stroke([*points, points[0]], 0.022, INK)

    def stroke(self, points, width, colour):
        """Draw a line of a width given in animal units."""
        corners = [tuple(point) for point in self.place(points)]
        ImageDraw.Draw(self.picture).line(corners, colour, max(2, round(width * self.scale)), "curve")


def _oval(x, y, width, height):
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    return np.stack([x + width * np.cos(angle), y + height * np.sin(angle)], axis=1)


def _smooth(*points, closed=True):
    """Round the corners of a polygon or a line (Chaikin, three times)."""
    points = np.asarray(points, float)
    for _ in range(3):
        here, after = (points, np.roll(points, -1, axis=0)) if closed else (points[:-1], points[1:])
        points = np.stack([0.75 * here + 0.25 * after, 0.25 * here + 0.75 * after], axis=1).reshape(-1, 2)
    return points


def _head(pen, breed, random):
    cat, sides, sleepy = breed.species == "Cat", (-1, 1), random.random() < 0.12
    for s in sides:
        if breed.ears == "pointed":
            pen.fill(_smooth((s * 0.72, -0.1), (s * 0.78, -1.12), (s * 0.62, -1.1), (s * 0.08, -0.62)), breed.points)
            pen.fill(_smooth((s * 0.62, -0.4), (s * 0.7, -0.9), (s * 0.3, -0.58)), PINK, False)
        elif breed.ears == "folded":
            pen.fill(_smooth((s * 0.75, -0.3), (s * 0.85, -0.72), (s * 0.5, -0.9), (s * 0.2, -0.62)))
    half = np.array([(0.5, -0.78), (0.82, -0.2), (0.62, 0.5), (0.3, 0.86)])
    pen.fill(_oval(0, 0, 0.86, 0.74) if cat else _smooth(*half, *(half * [-1, 1])[::-1]))
    for x in (-0.18, 0, 0.18) if breed.pattern == "stripes" else ():
        pen.stroke([(x, -0.66), (x * 0.7, -0.4)], 0.07, breed.second)
    for x in (-0.36, -0.12, 0.12, 0.36) if breed.pattern == "curls" else ():
        pen.fill(_oval(x, -0.82 + abs(x) * 0.3, 0.22, 0.22))
    if breed.chest:  # a blaze that widens to white cheeks
        half = np.array([(0.1, -0.72), (0.14, 0), (0.62, 0.3), (0.3, 0.7 if cat else 0.8)])
        pen.fill(_smooth(*half, *(half * [-1, 1])[::-1]), breed.chest, False)
    if cat and breed.points:
        pen.fill(_oval(0, 0.14, 0.46, 0.5), breed.points, False)
    paler = tuple(min(255, c + 22) for c in breed.fur)
    muzzle = breed.points if cat and breed.points else WHITE if breed.chest else paler
    for s in sides if cat else (0,):
        pen.fill(_oval(s * 0.17, 0.34, 0.24, 0.18) if cat else _oval(0, 0.42, 0.42, 0.38), muzzle, not cat)
    if not cat and random.random() < 0.5:
        pen.fill(_oval(0.04, 0.68, 0.11, 0.18), (232, 104, 112))
    nose = 0.22 if cat else 0.24
    pen.fill(_smooth((-0.1, nose - 0.06), (0.1, nose - 0.06), (0, nose + 0.09)) if cat else _oval(0, nose, 0.17, 0.12),
             PINK if cat and not breed.points else DARK)
    for s in sides:
        x, y = s * (0.4 if cat else 0.36), -0.08 if cat else -0.18
        if sleepy:
            pen.stroke(_smooth((x - 0.16, y), (x, y + 0.12), (x + 0.16, y), closed=False), 0.05, INK)
        else:
            pen.fill(_oval(x, y, 0.19 if cat else 0.14, 0.2 if cat else 0.15), breed.eyes)
            pen.fill(_oval(x, y, 0.07 if cat else 0.09, 0.17 if cat else 0.1), (20, 18, 22), False)
            pen.fill(_oval(x + 0.05, y - 0.07, 0.045, 0.045), (255, 255, 255), False)
        pen.stroke(_smooth((0, nose + 0.08), (0, nose + 0.2), (s * 0.12, nose + 0.3), (s * 0.26, nose + 0.24),
                           closed=False), 0.03, INK)
        for lift in (-0.1, 0.02, 0.14) if cat else ():
            pen.stroke([(s * 0.3, 0.34 + lift * 0.4), (s * 0.98, 0.26 + lift)], 0.014, WHITE if breed.points else INK)
        if breed.ears in ("floppy", "long"):  # ears that hang in front of the face
            tip = 0.95 if breed.ears == "long" else 0.5
            pen.fill(_smooth((s * 0.42, -0.76), (s * 0.86, -0.66), (s * 1.06, tip - 0.35), (s * 0.84, tip),
                             (s * 0.62, tip - 0.2), (s * 0.6, -0.3)), breed.points)


def _tail(pen, breed, x, y, random):
    bushy = breed.species == "Dog" and breed.ears == "pointed"
    sway, length = random.uniform(-0.2, 0.2), 1.0 if breed.ears == "pointed" else 0.75
    line = _smooth((0, 0), (0.34, -0.06), (0.5, -0.4 + sway), (0.34 + sway, -0.78), closed=False) * length + (x, y)
    pen.stroke(line, 0.2 if bushy else 0.13, INK)
    pen.stroke(line, 0.15 if bushy else 0.09, breed.points if breed.points and breed.pattern != "spots" else breed.fur)
    if breed.pattern == "curls":
        pen.fill(_oval(*line[-1], 0.17, 0.17))


def _body(pen, breed, pose, random):
    """Draw all but the head, and give the pen for the head."""
    paw = breed.points if breed.species == "Cat" and breed.points else breed.chest
    if pose == "portrait":
        pen.fill(_smooth((-0.75, 1.9), (-0.62, 0.75), (0.62, 0.75), (0.75, 1.9)))
        if breed.chest:
            pen.fill(_smooth((-0.3, 1.8), (-0.24, 0.8), (0.24, 0.8), (0.3, 1.8)), breed.chest, False)
        return pen.at(0, 0.1, 0.95, random.uniform(-0.2, 0.2))
    low = 0.32 if pose == "lying" else 0.0
    _tail(pen, breed, *((0.42, 0.86) if pose == "sitting" else (0.72, 0.1 + low)), random)
    legs = {"sitting": [(-0.44, 0.72, 0.24, 0.28), (0.44, 0.72, 0.24, 0.28)],
            "standing": [(x, 0.58, 0.12, 0.42) for x in (-0.42, 0.56, -0.56, 0.42)], "lying": []}[pose]
    for x, y, width, height in legs:
        pen.fill(_oval(x, y, width, height))
        pen.fill(_oval(x, y + height * 0.86, width * 1.15, 0.1), paw)
    if pose == "sitting":
        pen.fill(_smooth((-0.42, 0.95), (-0.5, 0.5), (-0.3, -0.2), (0.3, -0.2), (0.5, 0.5), (0.42, 0.95)))
        if breed.chest:
            pen.fill(_oval(0, 0.28, 0.2, 0.38), breed.chest, False)
        for x in (-0.16, 0.16):
            pen.fill(_oval(x, 0.66, 0.12, 0.34))
            pen.fill(_oval(x, 0.95, 0.14, 0.1), paw)
        return pen.at(0, -0.42, 0.56, random.uniform(-0.22, 0.22))
    back = np.array([(-0.72, -0.08), (-0.3, -0.26), (0.5, -0.26), (0.86, 0.0), (0.76, 0.44), (-0.6, 0.46)])
    saddle = np.array([(-0.3, -0.2), (0.6, -0.2), (0.66, 0.1), (-0.2, 0.1)])
    pen.fill(_smooth(*np.add(back, (0, low))))
    if breed.species == "Dog" and breed.chest:  # beagle and husky
        pen.fill(_smooth(*np.add(saddle, (0, low))), breed.second, False)
    for x in (-0.62, 0.5) if pose == "lying" else ():
        pen.fill(_oval(x, 0.74, 0.32, 0.11))
        pen.fill(_oval(x - 0.26, 0.75, 0.12, 0.1), paw)
    return pen.at(-0.72, -0.3 + low, 0.5, random.uniform(-0.25, 0.25))


def _coat(size, breed, unit, random):
    """A sheet of fur as large as the picture, to be cut to shape; `unit` is a tenth of the animal, in pixels."""
    tint = random.uniform(-14, 14) + random.uniform(-5, 5, 3)
    fur, second = (tuple((np.array(colour) + tint).clip(0, 255).astype(int)) for colour in (breed.fur, breed.second))
    coat = Image.new("RGB", (size, size), fur)
    pencil = ImageDraw.Draw(coat)
    for x, y, grow in random.uniform(0, 1, ({"spots": 170, "curls": 900}.get(breed.pattern, 0), 3)):
        radius = unit * (0.3 + 0.6 * grow if breed.pattern == "spots" else 0.8)
        box = (x * size - radius, y * size - radius, x * size + radius, y * size + radius * 0.9)
        if breed.pattern == "spots":
            pencil.ellipse(box, second)
        else:
            pencil.arc(box, 360 * grow, 360 * grow + 200, second, max(1, round(unit / 4)))
    for x in np.arange(0, size, 2.4 * unit) if breed.pattern == "stripes" else ():
        wave = [(x + unit * 0.5 * np.sin(y / unit / 1.7 + x), y) for y in np.arange(0, size, unit)]
        pencil.line(wave, second, max(1, round(unit * 0.8)), "curve")
    return coat


def _scene(size, random):
    """A background; the same ones for every breed."""
    kind, hue = random.choice(["meadow", "night", "room", "dots", "wall"]), np.array(SKIES[random.integers(5)])
    fade = np.linspace(1.0, 0.86, size)[:, None, None] * np.ones((1, size, 1))
    picture = Image.fromarray((fade * ((36, 44, 84) if kind == "night" else hue)).astype("uint8"))
    pencil, ground, x = ImageDraw.Draw(picture), size * random.uniform(0.55, 0.75), size * random.uniform(0.02, 0.65)
    if kind in ("meadow", "night"):
        green = (70, 100, 80) if kind == "night" else (140, 190, 110)
        pencil.ellipse((-size * 0.4, ground, size * 1.4, size * 2), green)
        pencil.ellipse((x, size * 0.07, x + size * 0.14, size * 0.21), (250, 240, 200))
        for blade, y in random.uniform((0, ground * 1.15), (size, size), (26, 2)):
            darker = tuple(int(c * 0.82) for c in green)
            pencil.line((blade, y, blade + size * 0.01, y - size * 0.03), darker, size // 150)
    elif kind == "room":
        pencil.rectangle((0, ground, size, size), tuple((hue * 0.72).astype(int)))
        for left in (x, x + size * 0.15):
            pencil.rectangle((left, size * 0.08, left + size * 0.15, size * 0.42), (214, 236, 250), WHITE, size // 60)
        pencil.ellipse((size * 0.1, size * 0.8, size * 0.9, size * 1.1), tuple((hue * 0.6 + 40).astype(int)))
    for n in range(81) if kind == "dots" else ():
        dot = ((n % 9 + n // 9 % 2 / 2) * size / 8, n // 9 * size / 8)
        pencil.ellipse((dot[0] - size / 40, dot[1] - size / 40, dot[0] + size / 40, dot[1] + size / 40),
                       tuple((hue * 0.9).astype(int)))
    return picture


def _in_front(pen, random, much):
    """A plant, a box or a ball between us and the animal; `much` hides a good part of it."""
    kind, x = random.choice(["plant", "box", "ball"]), random.choice([-1, 1]) * (0.25 if much else 0.8)
    if kind == "plant":
        for lean in np.linspace(-0.7, 0.7, 6):
            pen.fill(_smooth((x, 1.3), (x + lean * 0.5 - 0.12, 0.5), (x + lean, 0.2 - much * 0.5),
                             (x + lean * 0.5 + 0.12, 0.6)), (86, 150, 96))
    elif kind == "box":
        lid = 0.3 - much * 0.35
        pen.fill([(x - 0.5, lid), (x + 0.5, lid), (x + 0.5, 1.3), (x - 0.5, 1.3)], (200, 160, 112))
    else:
        pen.fill(_oval(x, 0.82, 0.3, 0.3), (222, 96, 88))
        pen.stroke(_smooth((x - 0.28, 0.82), (x, 0.7), (x + 0.28, 0.82), closed=False), 0.04, WHITE)


def draw(breed: str, *, seed: int, size: int = 224) -> np.ndarray:
    """Draw one pet, uint8 `(size, size, 3)`; the same breed, seed and size give the same picture.

    Raises:
        ValueError: the breed is not in `BREEDS`.
    """
    if breed not in BREEDS:
        raise unknown_name("breed", breed, BREEDS)
    row, random, big = BREEDS[breed], np.random.default_rng([zlib.crc32(breed.encode()), seed]), 2 * size
    picture = _scene(big, random)
    trouble = random.choice(["", "far", "hidden", "dim", "edge"], p=[0.86, 0.04, 0.04, 0.03, 0.03])
    pose = random.choice(["sitting", "standing", "lying", "portrait"])
    scale = big * (0.12 if trouble == "far" else random.uniform(0.26, 0.42))
    middle = big * (np.array([0.5, 0.55]) + random.uniform(-0.1, 0.1, 2))
    if trouble == "edge":
        middle += big * np.array([random.choice([-0.36, 0.36]), 0.1])
    pen = Pen(picture, _coat(big, row, scale / 10, random), middle, scale, random.uniform(-0.08, 0.08),
              random.choice([-1, 1]))
    if pose != "portrait":  # a shadow on the ground
        pen.fill(_oval(0, 0.98, 0.8, 0.09), tuple(int(c * 0.7) for c in picture.getpixel((big // 2, big - 2))), False)
    head = _body(pen, row, pose, random)
    if random.random() < 0.4:
        head.fill(_oval(0, 0.86, 0.46, 0.14), COLLARS[random.integers(3)])
    _head(head, row, random)
    if trouble == "hidden" or random.random() < 0.25:
        _in_front(pen, random, trouble == "hidden")
    light = random.uniform(0.93, 1.0, 3) * random.uniform(*((0.32, 0.42) if trouble == "dim" else (0.9, 1.0)))
    picture = ImageChops.multiply(picture, Image.new("RGB", picture.size, tuple((255 * light).astype(int))))
    return np.asarray(picture.resize((size, size), Image.Resampling.LANCZOS)).copy()


def write_set(folder: Path, *, per_breed: int = 40, seed: int = 0) -> Path:
    """Draw `per_breed` pictures of every breed as `folder/<species>/<breed>_<n>.png`, unless `folder` is there."""
    return write(folder, ((f"{row.species}/{breed}_{n:03d}.png", draw(breed, seed=seed * 100_000 + n))
                          for breed, row in BREEDS.items() for n in range(1, per_breed + 1)))


def write(folder: Path, pictures: Iterable[tuple[str, np.ndarray]]) -> Path:
    """Write (file name, uint8 pixels) below `folder`, unless it is there already; then nothing is drawn.

    They are written to a folder beside it that takes its place when complete: a half-drawn set is never believed.
    """
    if folder.is_dir():
        return folder
    try:
        with replacing(folder) as temporary:
            for name, picture in pictures:
                (temporary / name).parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(picture).save(temporary / name, compress_level=3)  # noise hardly shrinks
    except OSError:
        if not folder.is_dir():  # if it is there, another process was quicker: its drawings are the same
            raise
    return folder
