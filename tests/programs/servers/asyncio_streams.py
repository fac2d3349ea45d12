"""asyncio's streams."""
import asyncio


async def serve(reader, writer):
    writer.write(b"hello " + await reader.readline())
    await writer.drain()
    writer.close()


async def main():
    server = await asyncio.start_server(serve, "0.0.0.0", 9999)
    await server.serve_forever()


asyncio.run(main())
