"""Words for ImageNet's classes, as people say them and as other lists spell them."""

import re

from tllib import backbones
from tllib.backbones import class_words

import pytest

NAMES = backbones.class_names()


def meant(word):
    numbers, _ = class_words.meanings(word, NAMES)
    return {NAMES[number] for number in numbers}


@pytest.mark.parametrize("word, some, others", [
    ("cat", ["Egyptian cat", "Siamese cat", "tabby", "tiger cat", "Persian cat", "lynx", "cougar"], ["Madagascar cat"]),
    ("dog", ["Chihuahua", "pug", "standard poodle", "Mexican hairless"], ["dingo", "hotdog", "hog", "dogsled"]),
    ("bird", ["robin", "goose", "albatross", "cock", "king penguin"], ["birdhouse", "tusker", "platypus"]),
    ("fish", ["tench", "stingray", "puffer"], ["cock", "jellyfish", "starfish"]),
    ("shark", ["hammerhead"], ["stingray"]),
    ("snake", ["Indian cobra", "sidewinder", "thunder snake"], ["trilobite", "Komodo dragon"]),
    ("spider", ["tarantula", "black widow", "barn spider"], ["tick", "harvestman"]), ("frog", ["bullfrog"], ["eft"]),
    ("insect", ["bee", "ladybug", "monarch"], ["tick", "starfish"]),
    ("butterfly", ["monarch", "admiral"], ["damselfly"]),
    ("lizard", ["agama", "Komodo dragon"], ["box turtle", "African crocodile"]), ("turtle", ["terrapin"], ["eft"]),
    ("monkey", ["baboon", "titi"], ["gorilla", "indri"]), ("bear", ["ice bear", "brown bear"], ["beaver", "mongoose"]),
    ("horse", ["sorrel"], ["zebra"]), ("car", ["sports car", "convertible", "cab"], ["cairn", "car mirror", "oxcart"]),
    ("truck", ["pickup", "garbage truck"], ["tractor"]), ("boat", ["canoe", "speedboat"], ["bathtub"]),
    ("ship", ["liner", "container ship"], ["airship"]), ("airplane", ["airliner"], ["plane"]),
    ("fruit", ["lemon", "Granny Smith", "pomegranate"], ["hay", "cucumber"]), ("ball", ["volleyball"], ["meatball"]),
    ("vegetable", ["broccoli", "head cabbage", "cardoon"], ["mushroom", "strawberry"]),
    ("hat", ["sombrero"], ["crate"]),
    ("shoe", ["sandal", "Loafer"], ["shoe shop"]), ("guitar", ["acoustic guitar", "electric guitar"], ["banjo"])])
def test_everyday_words_mean_what_they_say(word, some, others):
    assert meant(word).issuperset(some) and not meant(word) & set(others)
    with pytest.raises(ValueError, match=f"Unknown ImageNet class '{word}'") as error:
        backbones.class_index(word)
    assert any(repr(name) in str(error.value) for name in some)
    assert not re.search("castle|'crate'|oxcart|'hog'|cairn|beaver", str(error.value))


def test_every_class_of_a_kind_is_there():
    assert len(meant("dog")) == 118 and len(meant("bird")) == 59 and len(meant("snake")) == 17
    with pytest.raises(ValueError, match=r"118 in all.*'African hunting dog'"):
        backbones.class_index("dog")
    for word in ("terrier", "spider", "wolf", "fox", "monkey", "beetle", "shark", "crab", "bottle"):
        _, named = class_words.meanings(word, NAMES)
        elsewhere = {"wolf spider", "wire-haired fox terrier", "fox squirrel", "spider monkey", "spider web"}
        assert {NAMES[number] for number in named} <= elsewhere, "the table forgets none that has the word in its name"


@pytest.mark.parametrize("one, other", [("dogs", "dog"), ("Puppies", "dog"), ("kittens", "kitten"), ("FOXES", "fox"),
                                        ("buses", "bus"), ("wolves", "wolf"), ("black cat", "cat"), ("butterflies",
                                                                                                     "butterfly")])
def test_plurals_and_more_words(one, other):
    assert meant(one) == meant(other) and meant(one)


@pytest.mark.parametrize("name, expected", [
    ("siamese_cat", "Siamese cat"), ("SIAMESE CAT", "Siamese cat"), ("siamese-cat", "Siamese cat"),
    (" tabby ", "tabby"), ("tabby, tabby cat", "tabby"), ("tench, Tinca tinca", "tench"), ("cardigan", "cardigan"),
    ("Cardigan, Cardigan Welsh corgi", "Cardigan Welsh corgi"), ("hotdog, hot dog, red hot", "hotdog"),
    ("great white shark, white shark, man-eater, man-eating shark", "great white shark")])
def test_names_as_other_lists_spell_them(name, expected):
    assert NAMES[backbones.class_index(name)] == expected


@pytest.mark.parametrize("name, hint", [
    ("tabby cat", "Did you mean 'tabby'"), ("siamese", "Did you mean 'Siamese cat'"),
    ("zebras", "Did you mean 'zebra'"),
    ("golden retriever dog", "'golden retriever'"), ("crane", r"'crane \(bird\)', 'crane \(machine\)'"),
    ("polar bears", "Did you mean 'ice bear'"), ("maillot, tank suit", "names several.*'maillot' and 'tank suit'"),
    ("zeebra", "Did you mean 'zebra'"), ("siames cat", "Did you mean 'Siamese cat'"),
    ("", "Known: tench"), ("?!", "Unknown ImageNet class"), (1000, "from 0 to 999"),
    (-1, "from 0 to 999")])
def test_what_is_no_class_gets_the_nearest(name, hint):
    with pytest.raises(ValueError, match=hint):
        backbones.class_index(name)


def test_the_table_is_in_order():
    words = [word for line in class_words.EVERYDAY_WORDS.read_text(encoding="utf-8").splitlines() if line[0] != "#"
             for word in line.split(": ")[0].split(", ")]
    assert len(words) == len(set(words))
    assert not {name.casefold() for name in NAMES} & set(words), "a class is found by its name"
    for numbers in class_words.everyday_words().values():
        assert numbers == sorted(set(numbers)) and numbers[0] >= 0 and numbers[-1] <= 999
    assert len({class_words._spelling(name) for name in NAMES}) == 1000, "no two classes have one spelling"
