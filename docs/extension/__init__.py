"""What the documentation needs beside Sphinx: generated pages, links, formulas, figures of the gallery."""
