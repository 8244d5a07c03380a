"""What only lessons use: answers checked, quizzes, tiny networks, prepared photos, what is here, packs for offline."""

from tllib.classroom.inventory import Inventory, device, inventory
from tllib.classroom.pack import pack, unpack
from tllib.classroom.prepared import prepared_photos
from tllib.classroom.quiz import Quiz, quiz

__all__ = ["Inventory", "Quiz", "device", "inventory", "pack", "prepared_photos", "quiz", "unpack"]
