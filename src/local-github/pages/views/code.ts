import type { TreeEntry } from '../../git/host.ts'
import type { Repository } from '../../store/repository.ts'
import { type Html, href, html } from '../html.ts'
import { renderMarkdown } from '../markdown/markdown.ts'
import { inRepository, notFoundPage, repositoryPath, type Visit } from '../visit.ts'

const LARGEST_SHOWN = 512 * 1024

/** Splits `branch/with/slash/path/to/file`: the longest branch that fits, else the first segment is a revision. */
async function splitRevision(
  visit: Visit,
  repository: Repository,
): Promise<{ revision: string; path: string }> {
  const rest = (visit.params.rest ?? '').replace(/\/$/, '')
  const branches = await visit.context.git.branches(visit.context.store.repositories.fullName(repository))
  const fits = branches
    .map((branch) => branch.name)
    .filter((name) => rest === name || rest.startsWith(`${name}/`))
  const revision = fits.sort((a, b) => b.length - a.length)[0] ?? rest.split('/')[0] ?? ''
  return { revision, path: rest.slice(revision.length + 1) }
}

/** `/:owner/:repository/tree/…` */
export const showTree = inRepository(async (visit, repository) => {
  const { revision, path } = await splitRevision(visit, repository)
  const entries = await visit.context.git.listTree(
    visit.context.store.repositories.fullName(repository),
    revision,
    path,
  )
  if (entries === null) return notFoundPage('There is no such directory.', repository)
  const body = html`${crumbs(visit, repository, revision, path)}${renderTree(visit, repository, revision, entries)}`
  return { kind: 'page', status: 200, title: path || revision, body, repository, tab: 'code' }
})

/** `/:owner/:repository/blob/…`: text with line numbers; markdown is rendered below it. */
export const showBlob = inRepository(async (visit, repository) => {
  const { revision, path } = await splitRevision(visit, repository)
  const content = await visit.context.git.readFile(
    visit.context.store.repositories.fullName(repository),
    revision,
    path,
  )
  if (content === null) return notFoundPage('There is no such file.', repository)
  const body = html`${crumbs(visit, repository, revision, path)}<div class="box">
    <div class="box-head"><span class="muted">${content.length} bytes</span></div>${renderContent(visit, repository, path, content)}</div>`
  return { kind: 'page', status: 200, title: path, body, repository, tab: 'code' }
})

function renderContent(visit: Visit, repository: Repository, path: string, content: Buffer): Html {
  if (content.includes(0)) return html`<p class="empty">Binary file.</p>`
  if (content.length > LARGEST_SHOWN) return html`<p class="empty">Too large to show.</p>`
  const text = content.toString('utf8')
  if (/\.(md|markdown)$/i.test(path)) {
    return html`<div class="prose">${renderMarkdown(text, { repositoryPath: repositoryPath(visit.context, repository) })}</div>`
  }
  const lines = text.replace(/\n$/, '').split('\n')
  const rows = lines.map(
    (line, index) =>
      html`<tr id="L${index + 1}"><td class="number">${index + 1}</td><td class="code">${line}</td></tr>`,
  )
  return html`<div class="scroll"><table class="source"><tbody>${rows}</tbody></table></div>`
}

/** The entries of a directory, directories first. */
export function renderTree(
  visit: Visit,
  repository: Repository,
  revision: string,
  entries: readonly TreeEntry[],
): Html {
  const base = repositoryPath(visit.context, repository)
  const sorted = [...entries].sort(
    (a, b) => Number(b.type === 'tree') - Number(a.type === 'tree') || (a.name < b.name ? -1 : 1),
  )
  const rows = sorted.map((entry) => {
    const kind = entry.type === 'tree' ? 'tree' : 'blob'
    const icon = html`<svg class="icon ${kind}" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">${kind === 'tree' ? FOLDER : FILE}</svg>`
    const name =
      entry.type === 'commit'
        ? html`${entry.name}`
        : html`<a href="${base}${href(kind, revision, entry.path)}">${entry.name}</a>`
    return html`<li class="row file">${icon} <span class="grow">${name}</span>${entry.size !== null && html`<span class="small muted">${sizeWords(entry.size)}</span>`}</li>`
  })
  return html`<ul class="list">${rows.length > 0 ? rows : html`<li class="empty">Empty.</li>`}</ul>`
}

function sizeWords(bytes: number): string {
  return bytes < 1024 ? `${bytes} B` : `${(bytes / 1024).toFixed(1)} KB`
}

function crumbs(visit: Visit, repository: Repository, revision: string, path: string): Html {
  const base = repositoryPath(visit.context, repository)
  const parts = path === '' ? [] : path.split('/')
  const links = parts.map((part, index) => {
    const upTo = parts.slice(0, index + 1).join('/')
    return index === parts.length - 1
      ? html` / <strong>${part}</strong>`
      : html` / <a href="${base}${href('tree', revision, upTo)}">${part}</a>`
  })
  return html`<p class="crumbs"><span class="branch">${revision}</span> <a href="${base}${href('tree', revision)}">${repository.name}</a>${links}</p>`
}

const FOLDER = html`<path d="M1.5 4.2c0-.6.5-1 1-1h3.6l1.4 1.6h6c.6 0 1 .4 1 1v6.5c0 .6-.4 1-1 1h-11c-.5 0-1-.4-1-1z" fill="currentColor"/>`
const FILE = html`<path d="M4 1.8h5.2L12.5 5v9.2h-8.5zM9 2v3.3h3.3" fill="none" stroke="currentColor" stroke-width="1.4"/>`
