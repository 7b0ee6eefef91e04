import { blobAt, writeFile } from '../actions/contents.ts'
import { notFound, type Refusal, refuse } from '../actions/outcome.ts'
import type { TreeEntry } from '../git/host.ts'
import { renderCommit } from '../render/commit.ts'
import { repositoryApiUrl, repositoryUrl } from '../render/repository.ts'
import type { Person } from '../store/user.ts'
import {
  type Answer,
  type Area,
  answer,
  bodyOf,
  ok,
  type RepositoryCall,
  text,
  type WriteCall,
} from './call.ts'
import { wantsRaw } from './media.ts'

/** GitHub sends the content of larger files only as raw. */
const maxInlineBytes = 1_048_576

const nameOf = (call: RepositoryCall) => call.context.store.repositories.fullName(call.repository)

interface Entry {
  name: string
  path: string
  type: 'file' | 'dir' | 'symlink' | 'submodule'
  sha: string
  size: number
}

function entryOf(entry: TreeEntry): Entry {
  const type =
    entry.type === 'tree'
      ? 'dir'
      : entry.type === 'commit'
        ? 'submodule'
        : entry.mode === '120000'
          ? 'symlink'
          : 'file'
  return { name: entry.name, path: entry.path, type, sha: entry.sha, size: entry.size ?? 0 }
}

function renderEntry(call: RepositoryCall, ref: string, entry: Entry) {
  const { context, repository } = call
  const path = entry.path.split('/').map(encodeURIComponent).join('/')
  const self = `${repositoryApiUrl(context, repository)}/contents/${path}?ref=${encodeURIComponent(ref)}`
  const page = `${repositoryUrl(context, repository)}/${entry.type === 'dir' ? 'tree' : 'blob'}/${ref}/${path}`
  const git = `${repositoryApiUrl(context, repository)}/git/${entry.type === 'dir' ? 'trees' : 'blobs'}/${entry.sha}`
  return {
    name: entry.name,
    path: entry.path,
    sha: entry.sha,
    size: entry.size,
    url: self,
    html_url: page,
    git_url: git,
    download_url: entry.type === 'file' ? `${repositoryUrl(context, repository)}/raw/${ref}/${path}` : null,
    type: entry.type,
    _links: { self, git, html: page },
  }
}

function renderFileContent(call: RepositoryCall, ref: string, entry: Entry, bytes: Buffer) {
  const inline = bytes.length <= maxInlineBytes
  const lines = inline ? (bytes.toString('base64').match(/.{1,60}/g) ?? []) : []
  return {
    ...renderEntry(call, ref, { ...entry, size: bytes.length }),
    content: lines.map((line) => `${line}\n`).join(''),
    encoding: inline ? 'base64' : 'none',
  }
}

async function get(call: RepositoryCall): Promise<Answer | Refusal> {
  const { context, params, repository } = call
  const ref = text(call.query.ref) ?? repository.defaultBranch
  const path = (params.path ?? '').replace(/^\/+|\/+$/g, '')
  const commit = await context.git.resolve(nameOf(call), ref)
  if (commit === null) return unknownRef(call, ref)
  const listed = await context.git.listTree(nameOf(call), commit, path)
  if (listed) return ok(listed.map((item) => renderEntry(call, ref, entryOf(item))))
  const bytes = await context.git.readFile(nameOf(call), commit, path)
  const sha = await blobAt(context, nameOf(call), commit, path)
  if (!bytes || sha === null) return notFound()
  if (wantsRaw(call))
    return { status: 200, raw: { type: 'application/vnd.github.raw; charset=utf-8', content: bytes } }
  const name = path.slice(path.lastIndexOf('/') + 1)
  return ok(renderFileContent(call, ref, { name, path, type: 'file', sha, size: bytes.length }, bytes))
}

async function unknownRef(call: RepositoryCall, ref: string): Promise<Refusal> {
  const isEmpty = (await call.context.git.branches(nameOf(call))).length === 0
  return refuse(404, isEmpty ? 'This repository is empty.' : `No commit found for the ref ${ref}`)
}

async function put(call: WriteCall): Promise<Answer | Refusal> {
  const { actor, context, params, repository } = call
  const body = bodyOf(call)
  const encoded = String(body.content)
  if (!/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(encoded)) return refuse(422, 'content is not valid Base64')
  const branch = text(body.branch)
  const sha = text(body.sha)
  const author = body.author as Person | undefined
  const written = writeFile(context, actor, repository, {
    path: params.path ?? '',
    content: Buffer.from(encoded, 'base64'),
    message: String(body.message),
    ...(branch !== undefined && { branch }),
    ...(sha !== undefined && { sha }),
    ...(author && { author: { name: author.name, email: author.email } }),
  })
  return answer(written, (result) =>
    showWritten(call, branch ?? repository.defaultBranch, result.commit, result.created),
  )
}

async function showWritten(call: WriteCall, ref: string, commitSha: string, isNew: boolean): Promise<Answer> {
  const { context, repository } = call
  const path = call.params.path ?? ''
  const [commit, bytes, sha] = await Promise.all([
    context.git.commit(nameOf(call), commitSha),
    context.git.readFile(nameOf(call), commitSha, path),
    blobAt(context, nameOf(call), commitSha, path),
  ])
  if (!commit || !bytes || sha === null) throw new Error(`The commit ${commitSha} lacks ${path}.`)
  const name = path.slice(path.lastIndexOf('/') + 1)
  const content = renderEntry(call, ref, { name, path, type: 'file', sha, size: bytes.length })
  const { commit: inner, ...links } = renderCommit(context, repository, commit)
  return { status: isNew ? 201 : 200, body: { content, commit: { ...links, ...(inner as object) } } }
}

/** Files of a repository. */
export const contentsArea: Area = {
  reads: { 'repos/get-content': get },
  writes: { 'repos/create-or-update-file-contents': put },
}
