"""Creates the schema of pgtask with its own code. Usage: pgtask.install.py MODULE URL. The module is loaded by path, because its package
imports more than that needs."""

import asyncio
import os
import sys
from importlib.machinery import ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_loader

path, url = sys.argv[1:]
loader = ExtensionFileLoader("_native", path)
native = module_from_spec(spec_from_loader("_native", loader))
loader.exec_module(native)


async def install():
    await (await native.Client.connect(url)).migrate()


asyncio.run(install())
# Its threads may crash the interpreter at exit.
os._exit(0)
