import { type Answer, type Call, ok } from './call.ts'

const defaultPageSize = 30
const maxPageSize = 100

function pageOf(call: Call): { size: number; page: number } {
  const size = Number(call.query.per_page ?? defaultPageSize)
  const page = Number(call.query.page ?? 1)
  return { size: Math.min(Math.max(size, 1), maxPageSize), page: Math.max(page, 1) }
}

/** A `Link` header for these pages of the address that was asked for. */
function linkHeader(call: Call, pages: Record<string, number>): Record<string, string> {
  const links = Object.entries(pages).map(([relation, page]) => {
    const address = new URL(call.address)
    address.searchParams.set('page', String(page))
    return `<${address.href}>; rel="${relation}"`
  })
  return links.length > 0 ? { link: links.join(', ') } : {}
}

/** One page of a list with GitHub's `Link` header; only the rows of that page are rendered. */
export async function paged<Row>(
  call: Call,
  rows: readonly Row[],
  render: (row: Row) => unknown,
  wrap: (items: unknown[]) => unknown = (items) => items,
): Promise<Answer> {
  const { size, page } = pageOf(call)
  const last = Math.max(1, Math.ceil(rows.length / size))
  const items = await Promise.all(rows.slice((page - 1) * size, page * size).map(render))
  const links = {
    ...(page > 1 && { prev: Math.min(page - 1, last) }),
    ...(page < last && { next: page + 1, last }),
    ...(page > 1 && { first: 1 }),
  }
  return { ...ok(wrap(items)), headers: linkHeader(call, links) }
}

/** Sorts by a time and its id, so that rows of the same second keep an order. */
export function byTime<Row extends { id: number }>(
  rows: readonly Row[],
  time: (row: Row) => Date,
  direction: unknown,
): Row[] {
  const sign = direction === 'asc' ? 1 : -1
  return rows.toSorted((a, b) => sign * (time(a).getTime() - time(b).getTime() || a.id - b.id))
}
