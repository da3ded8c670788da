"""Begin anew where the last build was killed: what it left may be half written."""

import os
import pathlib
import shutil

from minqwen3.files import lock


class Mark:
    """A folder in the site from a build's begin to its end, locked while it lives."""

    def begin(self, app, config):
        out = pathlib.Path(app.outdir)
        self.folder = out / ".unfinished"
        left = self.folder.exists()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.held = lock(self.folder)  # None: another build runs, so leave its files
        if left and self.held is not None:
            shutil.rmtree(app.doctreedir, ignore_errors=True)
            for path in out.iterdir():
                if path.is_file():
                    path.unlink()
                elif path != self.folder:
                    shutil.rmtree(path)

    def end(self, app, error):
        if error is None and self.held is not None:
            self.folder.rmdir()
            os.close(self.held)


def setup(app):
    mark = Mark()
    app.connect("config-inited", mark.begin, priority=1)
    app.connect("build-finished", mark.end, priority=1000)
    return {"parallel_read_safe": True}
