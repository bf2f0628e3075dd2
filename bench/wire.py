"""The limit of the wire: asyncio and aiohttp, bounded concurrency, nothing remembered."""

import asyncio
from typing import Any

import aiohttp

from bench.task import PAGE, Task, began, invoice, task

Queue = asyncio.Queue[list[dict[str, Any]] | None]


async def move(task: Task) -> None:
    """Read pages one after another and write beside that."""
    queue = Queue(task.at_once * 4)
    numbers: dict[str, str] = {}
    limit = aiohttp.TCPConnector(limit=task.at_once + 1)
    async with aiohttp.ClientSession(connector=limit) as session:
        began()
        async with asyncio.TaskGroup() as group:
            group.create_task(_read(session, task, queue))
            for _ in range(task.at_once):
                group.create_task(_write(session, task, queue, numbers))
    assert len(numbers) == task.orders


async def _read(session: aiohttp.ClientSession, task: Task, queue: Queue) -> None:
    page: int | None = 1
    while page:
        async with session.get(f"{task.shop}/orders", params={"page": page, "limit": PAGE}) as answer:
            found = await answer.json()
        orders, page = found["orders"], found["next"]
        for start in range(0, len(orders), task.batch):
            await queue.put(orders[start : start + task.batch])
    for _ in range(task.at_once):
        await queue.put(None)


async def _write(session: aiohttp.ClientSession, task: Task, queue: Queue, numbers: dict[str, str]) -> None:
    while (orders := await queue.get()) is not None:
        numbers.update(await post(session, task, orders))


async def post(session: aiohttp.ClientSession, task: Task, orders: list[dict[str, Any]]) -> dict[str, str]:
    """Write the invoices of these orders in one call; their numbers by the order's id."""
    invoices = [invoice(order) for order in orders]
    if task.batch == 1:
        async with session.post(f"{task.books}/invoices", json=invoices[0]) as answer:
            return {invoices[0]["external_id"]: (await answer.json())["number"]}
    async with session.post(f"{task.books}/invoices/batch", json={"items": invoices}) as answer:
        return {item["external_id"]: item["number"] for item in (await answer.json())["items"]}


if __name__ == "__main__":
    asyncio.run(move(task()))
