import io
import struct

from tllib import images

import cv2
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
    (np.zeros((0, 8, 8, 3)), "nothing in it"),
    (np.full((3, 8, 8), 99), r"colours come first.*np.moveaxis"),
    (np.full((8, 8, 3), 99, "uint16"), r"uint16.*image \* \(255 / 65535\)"),
    (np.full((8, 8, 3), "99"), "expected finite numbers, got dtype <U2"), (np.full((8, 8, 3), 9 + 1j), "dtype complex"),
    (np.full((8, 8, 3), None), "dtype object"), (np.ones((8, 8, 3), bool), "dtype bool"),
    ([np.full((8, 8, 3), 99), np.full((9, 8, 3), 99)], "differ in size"), ("photo.jpg", r"images\.load\(path\)"),
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


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_photo_of_an_iphone_is_turned_once(orientation, tmp_path):
    images.heic_reader()
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo().save(tmp_path / "phone.heic", quality=95, exif=exif.tobytes())
    photo().save(tmp_path / "phone.png", exif=exif)
    with Image.open(tmp_path / "phone.heic") as stored:
        assert stored.info["original_orientation"] == orientation
    difference = images.load(tmp_path / "phone.heic").astype(int) - images.load(tmp_path / "phone.png")
    assert np.abs(difference).mean() < 4, "colours blend a little where they meet"


def test_a_photo_of_12_megapixels_from_an_iphone_stands_upright(tmp_path):
    images.heic_reader()
    exif = Image.Exif()
    exif[0x0112] = 6
    photo(size=(4032, 3024)).save(tmp_path / "phone.heic", exif=exif.tobytes(), enc_params={"preset": "ultrafast"})
    loaded = images.load(tmp_path / "phone.heic")
    assert loaded.shape == (4032, 3024, 3)
    np.testing.assert_allclose(loaded[[1000, 3000], 1500], [RED, (51, 51, 51)], atol=8)


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


@pytest.mark.parametrize("values, name, white", [
    (np.linspace(0, 1, 64, dtype="float32"), "floats.tif", None),
    (np.linspace(0, 65535, 64).astype("uint16"), "16 bits.tif", None),
    (np.linspace(0, 65535, 64).astype("uint16"), "16 bits.png", None),
    (np.linspace(0, 4095, 64).astype("uint16"), "12 bits.png", 4095),
    (np.linspace(0, 4095, 64).astype("uint16"), "12 bits.tif", 4095),
    (np.linspace(0, 255, 64, dtype="float32"), "floats.tif", 255),
    (np.linspace(0, 1e6, 64).astype("int32"), "32 bits.tif", 1e6)])
def test_deep_pictures_are_scaled_by_their_depth_or_as_the_reader_says(values, name, white, tmp_path):
    Image.fromarray(values.reshape(8, 8)).save(tmp_path / name)
    found = images.load(tmp_path / name, white=white)
    np.testing.assert_allclose(found[..., 0].ravel(), np.linspace(0, 255, 64), atol=1)
    assert (found == found[..., :1]).all()


@pytest.mark.parametrize("kind, one, other", [
    ("uint16", 4090, 4100), ("uint16", 16380, 16390), ("uint16", 250, 260), ("float32", 0.99, 1.01)])
@pytest.mark.parametrize("format", ["PNG", "TIFF"])
def test_two_frames_of_one_camera_have_one_scale(kind, one, other, format):
    if kind == "float32" and format == "PNG":
        pytest.skip("a PNG holds no floats")
    found = []
    for brightest in (one, other):
        frame = np.full((8, 8), one / 2, kind)
        frame[0, 0] = brightest
        Image.fromarray(frame).save(file := io.BytesIO(), format)
        found.append(images.load(file.getvalue()))
    np.testing.assert_array_equal(found[0][1:], found[1][1:])
    np.testing.assert_allclose(found[0][0, 0], 255 * one / (65535 if kind == "uint16" else 1), atol=1)


def tiff(highest, bits=16, photometric=1, more=()):
    """A TIFF file of 8 x 8 greys, 0 to `highest`; numbers of 12 bits are packed, two in 3 bytes."""
    values = np.linspace(0, highest, 64).astype("uint16")
    pairs = values.astype(int).reshape(-1, 2)
    packed = np.stack([pairs[:, 0] >> 4, (pairs[:, 0] & 15) << 4 | pairs[:, 1] >> 8, pairs[:, 1] & 255], axis=-1)
    data = packed.astype("uint8").tobytes() if bits == 12 else values.tobytes()
    tags = [(256, 8), (257, 8), (258, bits), (259, 1), (262, photometric), (273, 300), (277, 1), (278, 8),
            (279, len(data)), *more]
    entries = b"".join(struct.pack("<HHIHxx", tag, 3, 1, value) for tag, value in tags)
    head = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)
    return head.ljust(300, b"\0") + data


@pytest.mark.parametrize("content, highest", [
    (tiff(4095, bits=12), 255), (tiff(65535), 255), (tiff(30000), 255 * 30000 / 65535),
    (tiff(32767, more=[(341, 32767)]), 255), (tiff(65535, more=[(341, 131)]), 255), (tiff(32767, more=[(339, 2)]), 255),
], ids=["12 bits", "16 bits", "16 bits, dark", "SMaxSampleValue", "beyond it", "signed"])
def test_a_tiff_file_says_what_is_white(content, highest):
    found = images.load(content)[..., 0].ravel()
    assert found[0] == 0 and found[-1] == pytest.approx(highest, abs=1)
    if highest < 255:
        np.testing.assert_allclose(found, np.linspace(0, highest, 64), atol=1)


def test_a_tiff_file_may_say_that_0_is_white():
    np.testing.assert_array_equal(images.load(tiff(65535, photometric=0)), 255 - images.load(tiff(65535)))


def test_colours_of_more_than_8_bits(tmp_path):
    deep = np.random.default_rng(0).integers(0, 4096, (8, 8, 3)).astype("uint16")
    for name in ("deep.png", "deep.tif"):
        cv2.imwrite(str(tmp_path / name), deep[..., ::-1])
        np.testing.assert_allclose(images.load(tmp_path / name, white=4095), deep * (255 / 4095), atol=0.51)
        np.testing.assert_allclose(images.load(tmp_path / name), deep * (255 / 65535), atol=1)
    photo().save(tmp_path / "usual.png")
    usual = images.load(tmp_path / "usual.png")
    np.testing.assert_array_equal(images.load(tmp_path / "usual.png", white=4095), usual)


@pytest.mark.parametrize("values, message", [
    (np.linspace(0, 255, 64, dtype="float32"), r"floats up to 255.*white=255"),
    (np.arange(64, dtype="int32"), r"32 bits.*white=65535")])
def test_a_file_that_does_not_say_what_is_white_is_asked_about(values, message):
    Image.fromarray(values.reshape(8, 8)).save(file := io.BytesIO(), "TIFF")
    with pytest.raises(ValueError, match=message):
        images.load(file.getvalue())
    for white in (0, -1, np.nan):
        with pytest.raises(ValueError, match=r"^white"):
            images.load(file.getvalue(), white=white)


def turned(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return {"exif": exif}


OPENED = {"phone photo": (photo(), "JPEG", turned(6)), "mirrored": (photo(), "PNG", turned(2)),
          "tiff": (photo(), "TIFF", turned(8)), "gif": (photo("P"), "GIF", {}), "grey": (photo("L"), "PNG", {}),
          "animated": (photo(), "GIF", {"save_all": True, "append_images": [photo().rotate(180)]}),
          "grey and alpha": (photo("LA"), "PNG", {}), "alpha": (photo("RGBA"), "PNG", {}),
          "1 bit": (photo("1"), "PNG", {}),
          "palette, transparent": (photo("P"), "PNG", {"transparency": 3}), "cmyk": (photo("CMYK"), "JPEG", {}),
          "16 bits": (Image.fromarray(np.arange(2400, dtype="uint16").reshape(40, 60) * 27), "PNG", {}),
          "16 bits, turned": (Image.fromarray(np.arange(2400, dtype="uint16").reshape(40, 60) * 27), "PNG", turned(6)),
          "floats": (Image.fromarray(np.linspace(0, 1, 2400, dtype="float32").reshape(40, 60)), "TIFF", {})}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", OPENED)
def test_a_pil_image_is_read_as_its_file_is(kind, tmp_path):
    picture, format, options = OPENED[kind]
    picture.save(tmp_path / "picture", format, **options)
    wanted = images.load(tmp_path / "picture")
    opened = Image.open(io.BytesIO((tmp_path / "picture").read_bytes()))
    for _ in range(2):  # the first time changes nothing about it
        np.testing.assert_array_equal(images.check(opened), wanted)
    np.testing.assert_array_equal(images.load(opened, size=16), images.load(tmp_path / "picture", size=16))
    np.testing.assert_array_equal(images.crop_resize(opened, 16), images.crop_resize(wanted, 16))
    np.testing.assert_array_equal(images.crop_resize_batch(opened, 16)[0], images.crop_resize(wanted, 16))
    both = images.crop_resize_batch([opened, wanted], 16)
    np.testing.assert_array_equal(both, images.crop_resize_batch([wanted] * 2, 16))
    np.testing.assert_array_equal(images.to_uint8(opened), wanted)
    np.testing.assert_array_equal(images.check([opened, opened]), [wanted] * 2)
    np.testing.assert_array_equal(images.as_jpeg(opened), images.as_jpeg(wanted))
    np.testing.assert_array_equal(images.load(images.save(tmp_path / "again.png", opened)), wanted)


def test_a_pil_image_of_a_cut_file_is_named(tmp_path, dog):
    Image.fromarray(dog).save(file := io.BytesIO(), "JPEG")
    with pytest.raises(ValueError, match=r"my photo: this PIL image cannot be read.*truncated"):
        images.check(Image.open(io.BytesIO(file.getvalue()[:3000])), name="my photo")


BAD = {"0-1": np.random.default_rng(0).random((8, 8, 3)), "NaN": np.full((8, 8, 3), np.nan),
       "grey": np.full((8, 8), 99), "alpha": np.full((8, 8, 4), 99), "16 bits": np.full((8, 8, 3), 9999, "uint16"),
       "empty": np.zeros((0, 8, 3)),
       "objects": np.full((8, 8, 3), None), "batch": np.full((2, 8, 8, 3), 99), "text": "photo.png", "no image": None}
TAKES = {"check": images.check, "check_each": images.check_each, "fit": lambda image: images.crop_resize(image, 4),
         "crop_resize_batch": lambda image: images.crop_resize_batch(image, 4), "to_uint8": images.to_uint8,
         "list": lambda image: images.crop_resize_batch([image], 4), "as_jpeg": images.as_jpeg,
         "grey_levels": images.grey_levels,
         "save": lambda image: images.save("never.png", image),
         "save_animation": lambda image: images.save_animation("never.gif", [image])}
RIGHT = {(name, "batch") for name in ("check", "check_each", "crop_resize_batch", "grey_levels", "to_uint8")} | {
    ("to_uint8", "grey"), ("to_uint8", "alpha")}


@pytest.mark.parametrize("function", TAKES)
@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_picture_is_refused_in_a_sentence(function, kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if (function, kind) in RIGHT:
        TAKES[function](BAD[kind])
        return
    with pytest.raises(ValueError, match=r"^(image|frame)( 0)?: .*\.$"):
        TAKES[function](BAD[kind])
    assert not list(tmp_path.iterdir())


def test_an_array_is_judged_as_a_whole(tmp_path):
    batch = np.full((3, 8, 8, 3), 99, "float32")
    batch[1], batch[2] = 0, 0.7  # black, and all but black
    assert images.check(batch) is batch
    for number, several in enumerate((batch, list(batch), tuple(batch[::-1])[::-1])):
        np.testing.assert_array_equal(images.check_each(several), batch)
        assert [picture[0, 0, 0] for picture in images.grey_levels(several)] == [99, 0, 1]
        for size in (8, 4):
            np.testing.assert_allclose(images.crop_resize_batch(several, size)[:, 0, 0, 0], [99, 0, 1], atol=0.31)
        with Image.open(images.save_animation(tmp_path / f"film {number}.gif", several)) as film:
            assert film.n_frames == 3
    assert not images.crop_resize_batch(batch[1], 4).any(), "0 is black on every scale"
    assert not images.crop_resize(batch[1], 4).any()


@pytest.mark.parametrize("function", [images.check_each, images.grey_levels,
                                      lambda given: images.crop_resize_batch(given, 4)])
@pytest.mark.parametrize("others", [[], [np.full((8, 8, 3), 99)], [np.zeros((8, 8, 3))], [np.full((9, 9, 3), 0.2)]])
def test_a_list_in_which_all_floats_are_0_to_1_is_refused(function, others):
    with pytest.raises(ValueError, match=rf"^image {len(others)}: .*0\.9.*multiply by 255|^image 0: .*0\.2.*by 255"):
        function([*others, np.full((8, 8, 3), 0.9)])


def test_settings_out_of_range_are_refused(tmp_path):
    picture = np.full((8, 8, 3), 99)
    for size in (0, -1, 2.5, "4", None):
        with pytest.raises(ValueError, match="whole number, 1 or more"):
            images.crop_resize(picture, size)
        with pytest.raises(ValueError, match="whole number, 1 or more"):
            images.crop_resize_batch(picture, size)
    for quality in (0, 101):
        with pytest.raises(ValueError, match="1 to 95"):
            images.as_jpeg(picture, quality=quality)
    for rate in (0, -3):
        with pytest.raises(ValueError, match="1 to 50"):
            images.save_animation(tmp_path / "film.gif", [picture], frames_per_second=rate)
    with pytest.raises(ValueError, match="differ in size"):
        images.save_animation(tmp_path / "film.gif", [picture, np.full((4, 4, 3), 9)])
    with pytest.raises(ValueError, match="empty"):
        images.crop_resize_batch([], 4)


def test_a_picture_of_201_megapixels_is_read(tmp_path):
    picture = Image.new("RGB", (15_000, 13_400), (200, 30, 30))
    picture.save(tmp_path / "huge.jpg", quality=50)
    np.testing.assert_allclose(images.load(tmp_path / "huge.jpg", size=64)[32, 32], (200, 30, 30), atol=4)


def test_a_black_photo_is_a_photo():
    black = np.zeros((8, 8, 3), "uint8")
    assert images.check(black) is black and not images.crop_resize_batch(black, 4).any()


def test_photos_of_different_sizes_in_a_list():
    batch = images.crop_resize_batch([np.full((8, 12, 3), 50, "uint8"), np.full((30, 20, 3), 90.0)], 8)
    assert batch.shape == (2, 8, 8, 3) and (batch[0] == 50).all() and (batch[1] == 90).all()
    with pytest.raises(ValueError, match="multiply by 255"):
        images.crop_resize_batch([np.full((8, 8, 3), 50), np.full((8, 8, 3), 0.5)], 8)


def test_load_with_size_is_the_middle_square(tmp_path):
    picture = Image.new("RGB", (300, 100), (0, 0, 255))
    picture.paste(RED, (100, 0, 200, 100))
    picture.save(tmp_path / "wide.png")
    loaded = images.load(tmp_path / "wide.png", size=32)
    inside = loaded[:, 1:-1]  # fast resizing blends the outermost column with what lies beside it
    np.testing.assert_array_equal(inside, np.broadcast_to(np.array(RED, "uint8"), inside.shape))
    np.testing.assert_array_equal(images.crop_resize(images.load(tmp_path / "wide.png"), 32), loaded)


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
    one, many = images.crop_resize_batch(dog, 64), images.crop_resize_batch(np.stack([dog, dog]), 64)
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
