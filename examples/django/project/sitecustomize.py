"""What CPython for WASI lacks and Django's imports ask for: threads and processes, of which a migration
starts none."""

import concurrent.futures
import sys
import types

executors = types.ModuleType("concurrent.futures.thread")
executors.ThreadPoolExecutor = type(
    "ThreadPoolExecutor", (concurrent.futures.Executor,), {"__init__": lambda self, **options: None}
)
concurrent.futures.ThreadPoolExecutor = executors.ThreadPoolExecutor
sys.modules["concurrent.futures.thread"] = executors
sys.modules["multiprocessing"] = types.ModuleType("multiprocessing")
