"""The one registry of data sets: where each lies, how it is laid out, where it comes from and under which licence.

To add your own, put a row into it before you load it; `data/README.md` shows how.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Archive:
    """One file to fetch and unpack.

    Attributes:
        urls: where it lies, best first; a server that fails is followed by the next.
        size: bytes. Twice that has to be free on the disk: photos take as much unpacked as packed.
        sha256: hash of the whole file, in hexadecimal; "" if none is published: then size and every member's CRC count.
        holds: the folder inside that is unpacked; the rest is left in the archive.
        max_files: more members than this are refused.
        max_bytes: more bytes than this, unpacked, are refused.
    """

    urls: tuple[str, ...]
    size: int
    sha256: str
    holds: str
    max_files: int
    max_bytes: int

    @property
    def name(self) -> str:
        """File name, the last part of its address."""
        return urlsplit(self.urls[0]).path.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Source:
    """One data set. `folder` is looked for below `<data folder>/<name>`; `layout` names its reader.

    Attributes:
        title: name for people.
        layout: how its files are laid out, a function of `tllib.datasets.layouts`: "by_class" for a folder a class.
        folder: where its pictures begin, below `<data folder>/<name>`.
        classes: number of classes by label kind; the first kind is the default.
        photos: how many there are, damaged ones included; of each official part, if there are any.
        licence: what its owners allow.
        citation: whom to cite.
        page: web page from which it can be fetched by hand.
        archives: the files that make it up, in the order in which they are fetched. None: it ships or is drawn here.
        noun: what its files are called in a report.
        shipped: whether its files come with tllib, in `data/`.
    """

    title: str
    layout: str
    folder: str
    classes: dict[str, int]
    photos: dict[str, int]
    licence: str
    citation: str
    page: str
    archives: tuple[Archive, ...] = ()
    noun: str = "photos"
    shipped: bool = False


_MICROSOFT = "https://download.microsoft.com/download/3/E/1/3E1C3F21-ECDB-4869-8368-6DEBA77B919F/"
_ASIRRA = "Elson, Douceur, Howell, Saul, Asirra, ACM CCS 2007"
_RESEARCH = "non-commercial research only, not to be re-published"
_OXFORD = ("https://thor.robots.ox.ac.uk/pets/", "https://www.robots.ox.ac.uk/~vgg/data/pets/data/")

SOURCES = {
    "cats_vs_dogs": Source(
        title="Cats vs Dogs", layout="by_class", folder="PetImages", classes={"species": 2}, photos={"all": 25_000},
        licence=_RESEARCH, citation=_ASIRRA, page="https://www.microsoft.com/en-us/download/details.aspx?id=54765",
        archives=(Archive(
            urls=(_MICROSOFT + "kagglecatsanddogs_5340.zip",), size=824_887_076, holds="PetImages",
            sha256="b7974bd00a84a99921f36ee4403f089853777b5ae8d151c76a86e64900334af9",
            max_files=26_000, max_bytes=1_200_000_000),)),
    "cats_vs_dogs_small": Source(
        title="Cats vs Dogs, small", layout="cats_and_dogs", folder="cats_and_dogs_filtered", classes={"species": 2},
        photos={"train": 2_000, "validation": 1_000}, licence=_RESEARCH,
        citation=_ASIRRA, page="https://developers.google.com/machine-learning/practica/image-classification",
        archives=(Archive(
            urls=("https://storage.googleapis.com/mledu-datasets/cats_and_dogs_filtered.zip",), size=68_606_236,
            holds="cats_and_dogs_filtered", sha256="", max_files=3_200, max_bytes=120_000_000),)),
    "oxford_pets": Source(
        title="Oxford-IIIT Pet", layout="oxford_lists", folder="", classes={"breed": 37, "species": 2},
        photos={"trainval": 3_680, "test": 3_669},
        licence="CC BY-SA 4.0, for research", citation="Parkhi, Vedaldi, Zisserman, Jawahar, Cats and Dogs, CVPR 2012",
        page="https://www.robots.ox.ac.uk/~vgg/data/pets/",
        archives=(
            Archive(
                urls=tuple(host + "annotations.tar.gz" for host in _OXFORD), size=19_173_078, holds="annotations",
                sha256="52425fb6de5c424942b7626b428656fcbd798db970a937df61750c0f1d358e91",
                max_files=40_000, max_bytes=300_000_000),
            Archive(
                urls=tuple(host + "images.tar.gz" for host in _OXFORD), size=791_918_971, holds="images",
                sha256="67195c5e1c01f1ab5f9b6a5d22b8c27a580d896ece458917e61d459337fa318d",
                max_files=10_000, max_bytes=1_200_000_000))),
    "pets": Source(
        title="Pets", layout="oxford_lists", folder="", classes={"species": 2, "breed": 37},
        photos={"trainval": 252, "test": 166}, shipped=True, licence="CC BY-SA 4.0",
        citation="418 photos of Oxford-IIIT Pet, scaled: Parkhi, Vedaldi, Zisserman, Jawahar, Cats and Dogs, CVPR 2012",
        page="https://www.robots.ox.ac.uk/~vgg/data/pets/"),
    "textures": Source(
        title="Textures", layout="by_name", noun="pictures", folder="",
        classes={"material": 3}, photos={"trainval": 150, "test": 90},
        licence="CC0", citation="cut from photos in scikit-image", page=""),
    "drawn_digits": Source(
        title="Drawn Digits", layout="by_name", noun="pictures", folder="",
        classes={"digit": 10}, photos={"trainval": 200, "test": 120},
        licence="MIT", citation="drawn by tllib", page=""),
    "drawn_cells": Source(
        title="Drawn Cells", layout="by_name", noun="pictures", folder="",
        classes={"infection": 2, "winding": 2}, photos={"trainval": 200, "test": 120},
        licence="MIT", citation="drawn by tllib", page=""),
}
