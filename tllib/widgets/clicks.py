"""Clicks that arrive while a cell runs -> their handlers, called now and not when the cell is over.

A kernel looks at its messages between cells only. Some notebooks send clicks to a second thread of the kernel (a
"subshell" of ipykernel 7), which needs no help; everywhere else somebody has to look while the cell runs.
"""

import threading

import ipywidgets
from IPython import get_ipython


def handle_clicks(widget: ipywidgets.Widget) -> None:
    """Handle what the reader did to one widget since the last call; without a notebook, do nothing.

    Every other message waits for its turn as ever: the next cells above all.
    """
    kernel = getattr(get_ipython(), "kernel", None)
    stream = _messages(kernel)
    if stream is None or widget.comm is None:
        return
    later = stream._recv_callback  # ZMQStream has a way to set it, and none to ask for it

    def sort(frames):
        _, parts = kernel.session.feed_identities(frames, copy=False)
        header, content = (kernel.session.unpack(parts[number].bytes) for number in (1, 4))
        if header["msg_type"] != "comm_msg" or content["comm_id"] != widget.comm.comm_id:
            return later(frames)
        kernel.comm_manager.comm_msg(stream, None, kernel.session.deserialize(parts, copy=False))

    stream.on_recv(sort, copy=False)
    try:
        stream.flush()
    finally:
        stream.on_recv(later, copy=False)


def _messages(kernel):
    """The stream on which messages for this thread arrive; None if it has none."""
    thread = getattr(kernel, "shell_channel_thread", None)
    if thread is None:  # ipykernel 6, where the main thread reads them itself
        return getattr(kernel, "shell_stream", None) if threading.current_thread() is threading.main_thread() else None
    try:
        own = thread.manager.subshell_id_from_thread_id(threading.get_ident())
        return thread.manager.get_shell_channel_to_subshell_pair(own).to_stream
    except RuntimeError:
        return None
