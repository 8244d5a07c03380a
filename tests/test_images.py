import struct

from tllib import images

import numpy as np
import pytest
from PIL import Image

RED = (204, 0, 51)  # with (51, 51, 51) also in the palette Pillow uses for GIFs


def photo(mode="RGB", size=(60, 40)):
    """Left half red, right half dark."""
    picture = Image.new("RGB", size, (51, 51, 51))
    picture.paste(RED, (0, 0, size[0] // 2, size[1]))
    return picture.convert(mode)


@pytest.mark.parametrize("array, message", [
    (np.random.default_rng(0).random((8, 8, 3)), "largest value is 0.99.*multiply by 255"),
    (np.ones((2, 8, 8, 3)), "multiply by 255"),
    (np.full((8, 8), 99), r"got \(8, 8\).*greyscale.*np.repeat"),
    (np.full((8, 8, 1), 99), "greyscale"),
    (np.full((8, 8, 4), 99), r"alpha channel.*image\[\.\.\., :3\]"),
    (np.full((5, 8, 8, 3, 1), 99), "expected RGB of shape"),
    (np.full((8, 8, 3), 300), "99|got 300 to 300"),
    (np.linspace(-120, 130, 192).reshape(8, 8, 3), "got -120 to 130.*Undo any preprocessing"),
    (np.full((8, 8, 3), np.nan), "finite"),
    (np.zeros((0, 8, 8, 3)), "finite numbers"),
])
def test_check_says_what_came_and_what_to_do(array, message):
    with pytest.raises(ValueError, match=message) as error:
        images.check(array, name="my photo")
    assert str(error.value).startswith("my photo: ")


def test_check_returns_good_images_untouched():
    array = np.full((2, 8, 8, 3), 99, "uint8")
    assert images.check(array) is array


@pytest.mark.parametrize("name, mode, options", [
    ("photo.jpg", "RGB", {"quality": 95}), ("photo.png", "RGB", {}), ("photo.bmp", "RGB", {}), ("cmyk.jpg", "CMYK", {}),
    ("palette.png", "P", {}), ("alpha.png", "RGBA", {}), ("animation.gif", "P", {}),
])
def test_load_gives_rgb_whatever_the_file_holds(name, mode, options, tmp_path):
    photo(mode).save(tmp_path / name, **options)
    loaded = images.load(tmp_path / name)
    assert loaded.shape == (40, 60, 3) and loaded.dtype == np.uint8
    np.testing.assert_allclose(loaded[20, 10], RED, atol=12)
    np.testing.assert_allclose(loaded[20, 50], (51, 51, 51), atol=12)


def test_load_ignores_a_wrong_extension(tmp_path):
    photo().save(tmp_path / "photo.png")
    (tmp_path / "photo.png").rename(tmp_path / "photo.jpg")
    assert tuple(images.load(tmp_path / "photo.jpg")[20, 10]) == RED


def test_load_turns_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate by 90 degrees to view
    photo().save(tmp_path / "turned.png", exif=exif)
    loaded = images.load(tmp_path / "turned.png")
    assert loaded.shape == (60, 40, 3)
    assert tuple(loaded[10, 20]) == RED and tuple(loaded[50, 20]) == (51, 51, 51)  # left became top


def test_a_turned_photo_whose_other_numbers_make_no_sense(tmp_path, monkeypatch):
    entries = [(0x0103, 4, 70000), (0x0112, 3, 6)]  # a compression that no 16 bits can hold, and "turned by 90 degrees"
    tags = b"".join(struct.pack("<HHII", tag, kind, 1, number) for tag, kind, number in entries)
    photo().save(tmp_path / "odd.jpg", exif=b"Exif\0\0II*\0" + struct.pack("<IH", 8, 2) + tags + bytes(4))
    upright = images.load(tmp_path / "odd.jpg")
    assert upright.shape == (photo().width, photo().height, 3)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)  # as many programs set it
    np.testing.assert_array_equal(images.load(tmp_path / "odd.jpg"), upright)


def test_load_keeps_the_greys_of_a_16_bit_file(tmp_path):
    Image.fromarray((np.linspace(0, 65535, 64).reshape(8, 8)).astype("uint16")).save(tmp_path / "deep.png")
    loaded = images.load(tmp_path / "deep.png")
    assert loaded[0, 0, 0] == 0 and loaded[-1, -1, 0] == 255 and abs(int(loaded[4, 0, 0]) - 130) < 3


@pytest.mark.parametrize("values, name", [
    (np.linspace(0, 1, 64, dtype="float32"), "floats.tif"), (np.linspace(0, 255, 64, dtype="float32"), "floats.tif"),
    (np.linspace(0, 4095, 64).astype("uint16"), "12 bits.png"),
    (np.linspace(0, 65535, 64).astype("uint16"), "16 bits.tif")])
def test_deep_pictures_come_out_as_a_person_sees_them(values, name, tmp_path):
    Image.fromarray(values.reshape(8, 8)).save(tmp_path / name)
    np.testing.assert_allclose(images.load(tmp_path / name)[..., 0].ravel(), np.linspace(0, 255, 64), atol=1)


def test_a_picture_of_201_megapixels_is_read(tmp_path):
    picture = Image.new("RGB", (15_000, 13_400), (200, 30, 30))
    picture.save(tmp_path / "huge.jpg", quality=50)
    np.testing.assert_allclose(images.load(tmp_path / "huge.jpg", size=64)[32, 32], (200, 30, 30), atol=4)


def test_a_black_photo_is_a_photo():
    black = np.zeros((8, 8, 3), "uint8")
    assert images.check(black) is black and not images.fit_batch(black, 4).any()


def test_photos_of_different_sizes_in_a_list():
    batch = images.fit_batch([np.full((8, 12, 3), 50, "uint8"), np.full((30, 20, 3), 90.0)], 8)
    assert batch.shape == (2, 8, 8, 3) and (batch[0] == 50).all() and (batch[1] == 90).all()
    with pytest.raises(ValueError, match="multiply by 255"):
        images.fit_batch([np.full((8, 8, 3), 50), np.full((8, 8, 3), 0.5)], 8)


def test_load_with_size_is_the_middle_square(tmp_path):
    picture = Image.new("RGB", (300, 100), (0, 0, 255))
    picture.paste(RED, (100, 0, 200, 100))
    picture.save(tmp_path / "wide.png")
    loaded = images.load(tmp_path / "wide.png", size=32)
    inside = loaded[:, 1:-1]  # fast resizing blends the outermost column with what lies beside it
    np.testing.assert_array_equal(inside, np.broadcast_to(np.array(RED, "uint8"), inside.shape))
    np.testing.assert_array_equal(images.fit(images.load(tmp_path / "wide.png"), 32), loaded)


@pytest.mark.parametrize("content", [b"", b"hello", b"\xff\xd8\xff\xe0" + bytes(50)])
def test_load_explains_unreadable_files(content, tmp_path):
    (tmp_path / "bad.jpg").write_bytes(content)
    with pytest.raises(ValueError, match=r"bad\.jpg cannot be read as a picture"):
        images.load(tmp_path / "bad.jpg")


def test_load_refuses_a_truncated_jpeg(tmp_path, dog):
    Image.fromarray(dog).save(tmp_path / "whole.jpg")
    content = (tmp_path / "whole.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(content[:len(content) // 2])
    for size in (None, 16):
        with pytest.raises(ValueError, match="truncated"):
            images.load(tmp_path / "cut.jpg", size=size)


def test_load_missing():
    with pytest.raises(FileNotFoundError, match=r"No picture at nowhere\.jpg"):
        images.load("nowhere.jpg")


def test_save_and_load_keep_every_pixel(tmp_path):
    picture = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype="uint8")
    np.testing.assert_array_equal(images.load(images.save(tmp_path / "new/picture.png", picture)), picture)


def test_save_refuses_what_would_change_pixels(tmp_path):
    with pytest.raises(ValueError, match=r"save as \.png"):
        images.save(tmp_path / "picture.jpg", np.full((4, 4, 3), 99))
    with pytest.raises(ValueError, match="one after the other"):
        images.save(tmp_path / "picture.png", np.full((2, 4, 4, 3), 99))


def test_a_failed_save_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = images.save(tmp_path / "picture.png", np.full((4, 4, 3), 99))
    before = path.read_bytes()

    def full_disk(self, file, **_):
        file.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full_disk)
    with pytest.raises(OSError, match="No space left"):
        images.save(path, np.full((4, 4, 3), 11))
    assert path.read_bytes() == before and [file.name for file in tmp_path.iterdir()] == ["picture.png"]


def test_to_uint8_rounds_and_clips_a_copy():
    values = np.array([[-3.0, 0.4, 0.6, 254.6, 300.0]])
    before = values.copy()
    np.testing.assert_array_equal(images.to_uint8(values), [[0, 0, 1, 255, 255]])
    np.testing.assert_array_equal(values, before)


def test_fit_batch_accepts_one_or_many_and_changes_nothing(dog):
    before = dog.copy()
    one, many = images.fit_batch(dog, 64), images.fit_batch(np.stack([dog, dog]), 64)
    assert one.shape == (1, 64, 64, 3) and one.dtype == np.float32
    np.testing.assert_array_equal(many[1], one[0])
    np.testing.assert_array_equal(dog, before)


def test_as_jpeg_loses_fine_detail(dog):
    through = images.as_jpeg(dog, quality=75)
    assert through.shape == dog.shape
    assert 1 < np.abs(through.astype(int) - dog).mean() < 8


def test_a_photo_may_come_as_its_bytes(tmp_path):
    path = images.save(tmp_path / "photo.png", np.random.default_rng(0).integers(0, 255, (20, 30, 3), "uint8"))
    assert np.array_equal(images.load(path.read_bytes(), size=16), images.load(path, size=16))
    with pytest.raises(ValueError, match="It cannot be read as a picture: no picture"):
        images.load(b"hello")
