"""The one registry of data sets: where each lies, how it is laid out, where it comes from and under which licence."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """One data set. `folder` is looked for below the data folder; `layout` names its reader in `photos`.

    Attributes:
        title: name for people.
        layout: "classes" (a folder a class), "pets" (Oxford's list files) or "cartoons" (drawn here).
        folder: where its pictures begin, below `<data folder>/<name>`.
        classes: number of classes by label kind; the first kind is the default.
        licence: what its owners allow.
        citation: whom to cite.
        page: web page from which it can be fetched by hand.
    """

    title: str
    layout: str
    folder: str
    classes: dict[str, int]
    licence: str
    citation: str
    page: str


SOURCES = {
    "cats_vs_dogs": Source(
        title="Cats vs Dogs", layout="classes", folder="PetImages", classes={"species": 2},
        licence="research use", citation="Elson, Douceur, Howell, Saul, Asirra, ACM CCS 2007",
        page="https://www.microsoft.com/en-us/download/details.aspx?id=54765"),
    "oxford_pets": Source(
        title="Oxford-IIIT Pet", layout="pets", folder="", classes={"breed": 37, "species": 2},
        licence="CC BY-SA 4.0", citation="Parkhi, Vedaldi, Zisserman, Jawahar, Cats and Dogs, CVPR 2012",
        page="https://www.robots.ox.ac.uk/~vgg/data/pets/"),
    "cartoon_pets": Source(
        title="Cartoon Pets", layout="cartoons", folder="", classes={"species": 2, "breed": 8},
        licence="MIT", citation="drawn by tllib", page=""),
}
