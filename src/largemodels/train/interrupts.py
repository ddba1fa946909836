"""Hold Ctrl-C back while a step is under way, so that it stops between two steps and not inside one."""

import signal
import threading


class Interrupts:
    """``with interrupts: …`` finishes its block before Ctrl-C takes effect; ``asked`` says that it was pressed.

    It acts in the main thread (Python delivers signals nowhere else), and only on Python's own answer to
    Ctrl-C: a program that has set another keeps it.
    """

    def __init__(self):
        self.asked = False

    def __enter__(self):
        main = threading.current_thread() is threading.main_thread()
        self._holding = main and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if self._holding:
            signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *error):
        if self._holding:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _note(self, number, frame):
        self.asked = True
