"""What only lessons use: answers checked, quizzes, tiny networks, what is on this machine, packs for offline."""

from tllib.classroom.inventory import Inventory, device, inventory
from tllib.classroom.pack import pack, unpack
from tllib.classroom.quiz import Quiz, quiz

__all__ = ["Inventory", "Quiz", "device", "inventory", "pack", "quiz", "unpack"]
