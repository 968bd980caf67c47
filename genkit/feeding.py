"""Batches for the training loop, one ahead where the feed has no state."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

from genkit.family import Arrays, Feed


class Batches:
    """Hands out batch after batch; errors of the feed come out of `take`.

    A feed with state acts on what was learned so far, so only stateless feeds are asked ahead.

    Args:
        feed: where batches come from.
        end: index after the last batch that may be asked for.
    """

    def __init__(self, feed: Feed, end: int) -> None:
        self.feed = feed
        self.end = end
        self._ahead: tuple[int, Future[Arrays]] | None = None
        # One worker: a feed is never called by two threads at once.
        self._pool = None if feed.save() else ThreadPoolExecutor(1, "batches")

    def take(self, k: int) -> Arrays:
        """Batch `k`; batch `k + 1` is begun in the background."""
        if self._pool is None:
            return self.feed.batch(k)
        if self._ahead is not None and self._ahead[0] == k:
            future = self._ahead[1]
        else:
            future = self._pool.submit(self.feed.batch, k)
        following = k + 1
        self._ahead = None
        if following < self.end:
            self._ahead = (following, self._pool.submit(self.feed.batch, following))
        return future.result()

    def __enter__(self) -> Batches:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
        # Feeds that act may have processes of their own.
        close = getattr(self.feed, "close", None)
        if close is not None:
            close()
