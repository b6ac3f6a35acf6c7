"""Turns garbage collection off when it is imported. The fork server imports it first."""

from ..study.garbage_collection import delay_garbage_collection

delay_garbage_collection()  # until a worker starts it
