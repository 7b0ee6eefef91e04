import { invalid, notFound, type Refusal, refuse } from '../actions/outcome.ts'
import { time } from '../render/time.ts'
import type { DeliveryRecord } from '../store/delivery.ts'
import { type Answer, type Area, type Call, ok } from './call.ts'

/** GitHub's `hook-delivery-item`; the duration is in seconds. */
function renderItem(record: DeliveryRecord) {
  return {
    id: record.id,
    guid: record.guid,
    delivered_at: time(record.deliveredAt ?? record.queuedAt),
    redelivery: record.redelivery,
    duration: Math.round(record.durationMs ?? 0) / 1000,
    status: record.status,
    status_code: record.statusCode,
    event: record.event,
    action: record.action,
    installation_id: record.installationId,
    repository_id: record.repositoryId,
    throttled_at: null,
  }
}

function list(call: Call): Answer | Refusal {
  const { status, cursor, per_page: size = 30 } = call.query
  const before = cursor === undefined ? Number.POSITIVE_INFINITY : Number(String(cursor).replace(/^v1_/, ''))
  if (Number.isNaN(before)) return refuse(422, 'Invalid cursor.')
  const wanted = (record: DeliveryRecord) =>
    record.deliveredAt !== null &&
    record.id < before &&
    (status === undefined || (status === 'success') === (record.status === 'OK'))
  const rows = call.context.store.deliveries.all().filter(wanted).reverse()
  const page = rows.slice(0, Math.min(Math.max(Number(size), 1), 100))
  const last = page.at(-1)
  const answer = ok(page.map(renderItem))
  if (!last || page.length === rows.length) return answer
  const next = new URL(call.address)
  next.searchParams.set('cursor', `v1_${last.id}`)
  return { ...answer, headers: { link: `<${next.href}>; rel="next"` } }
}

function deliveryOf(call: Call): DeliveryRecord | undefined {
  return call.context.store.deliveries.byId(Number(call.params.delivery_id))
}

function get(call: Call): Answer | Refusal {
  const record = deliveryOf(call)
  if (!record) return notFound()
  return ok({
    ...renderItem(record),
    url: record.url,
    request: { headers: record.requestHeaders, payload: JSON.parse(record.payload) as unknown },
    response: { headers: record.responseHeaders, payload: record.responseBody },
  })
}

function redeliver(call: Call): Answer | Refusal {
  const record = deliveryOf(call)
  if (!record) return notFound()
  if (!call.context.courier.target)
    return invalid({ resource: 'Hook', code: 'invalid', field: 'url', message: 'The app has no webhook.' })
  call.context.courier.redeliver(record)
  return { status: 202, body: {} }
}

/** The app's delivery log. */
export const deliveriesArea: Area = {
  general: {
    'apps/list-webhook-deliveries': list,
    'apps/get-webhook-delivery': get,
    'apps/redeliver-webhook-delivery': redeliver,
  },
}
