"""Speaks to a server with the official Python SDK: mcp_client.py URL, or mcp_client.py PROGRAM for standard input and output."""

import asyncio
import os
import sys

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

try:
    from mcp.client.streamable_http import streamable_http_client as http_client
except ImportError:
    from mcp.client.streamable_http import streamablehttp_client as http_client


async def check(session):
    started = await session.initialize()
    info = getattr(started, "serverInfo", None) or getattr(started, "server_info")
    assert info.name == "trailblazer", started
    tools = await session.list_tools()
    assert [tool.name for tool in tools.tools] == ["search", "get_document", "list_sources"], tools
    found = await session.call_tool("search", {"query": "when does a lease expire", "limit": 1})
    assert "Leases" in found.content[0].text, found
    structured = getattr(found, "structuredContent", None) or getattr(found, "structured_content")
    assert structured["hits"][0]["title"] == "Leases", structured
    document = await session.call_tool("get_document", {"document": structured["hits"][0]["doc_id"]})
    assert "45 minutes" in document.content[0].text, document
    wrong = await session.call_tool("get_document", {"document": "none"})
    assert getattr(wrong, "isError", None) or getattr(wrong, "is_error"), wrong
    sources = await session.call_tool("list_sources", {})
    assert "dita (3)" in sources.content[0].text, sources
    resources = await session.list_resources()
    assert len(resources.resources) == 3, resources
    read = await session.read_resource(resources.resources[0].uri)
    assert read.contents[0].text.startswith("# "), read
    print("all good")


async def main(target):
    if target.startswith("http"):
        async with http_client(target) as streams:
            async with ClientSession(streams[0], streams[1]) as session:
                await check(session)
    else:
        server = StdioServerParameters(command=target, args=["mcp"], env=dict(os.environ))
        async with stdio_client(server) as (read, write):
            async with ClientSession(read, write) as session:
                await check(session)


asyncio.run(main(sys.argv[1]))
