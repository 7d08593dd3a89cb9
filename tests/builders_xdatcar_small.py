"""A tiny XDATCAR with a known answer: cubic CsPbCl3, every frame shifted a little as a whole."""


def cubic_xdatcar(first: int, n_frames: int) -> str:
    """Return frames ``first`` to ``first + n_frames - 1`` of a crystal that slides along x by .001 per frame."""
    head = "cubic CsPbCl3, synthetic\n 1.0\n 5.605 0 0\n 0 5.605 0\n 0 0 5.605\n Cs Pb Cl\n 1 1 3\n"
    sites = [(0.5, 0.5, 0.5), (0, 0, 0), (0.5, 0, 0), (0, 0.5, 0), (0, 0, 0.5)]
    frames = []
    for k in range(first, first + n_frames):
        rows = [f"{(x + 0.001 * k) % 1:12.8f}{y:12.8f}{z:12.8f}" for x, y, z in sites]
        frames.append("\n".join([f"Direct configuration={k - first + 1:6d}", *rows]))
    return head + "\n".join(frames) + "\n"
