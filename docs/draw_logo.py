"""Draw docs/logo.png: a sheet of neurons, of which a few are switched on.

    python docs/draw_logo.py
"""

from pathlib import Path

from matplotlib.figure import Figure

FACE = """
.......
..#.#..
..#.#..
.......
.#...#.
..###..
.......
"""


def main():
    figure = Figure(figsize=(2.56, 2.56), dpi=100)
    axes = figure.add_axes([0, 0, 1, 1], aspect="equal", xlim=(-0.6, 6.6), ylim=(6.6, -0.6))
    axes.axis("off")
    for row, line in enumerate(FACE.split()):
        for column, neuron in enumerate(line):
            on = neuron == "#"
            colour = "#c5cbd3" if not on else "#e69f00" if row > 3 else "#0072b2"
            axes.scatter(column, row, s=560 if on else 230, color=colour, linewidth=0)
    path = Path(__file__).with_name("logo.png")
    figure.savefig(path, transparent=True)
    print(f"wrote {path}")


if __name__ == "__main__":
    main()
