"""Faults provoked for real: processes killed, disks filled, locks held, bytes flipped."""
