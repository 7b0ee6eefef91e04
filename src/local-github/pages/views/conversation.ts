import { association } from '../../render/association.ts'
import type { Comment } from '../../store/comment.ts'
import type { Issue } from '../../store/issue.ts'
import type { ReactionContent, ReactionSubject } from '../../store/reaction.ts'
import type { User } from '../../store/user.ts'
import { type Html, html } from '../html.ts'
import { renderMarkdown } from '../markdown/markdown.ts'
import { ago, avatar, labelButtons, personName, tokenField } from '../pieces.ts'
import { repositoryPath, type Visit } from '../visit.ts'

/** What issues and pull requests share: title with its editor, description, comments, the comment form, labels. */

export function renderTitle(visit: Visit, issue: Issue): Html {
  const editor = html`<details class="edit" id="edit-issue"><summary class="button">Edit</summary>
    <form class="box pad stack" method="post" action="${actionPath(visit, issue)}">${tokenField(visit)}
      <label>Title <input name="title" required maxlength="256" value="${issue.title}" autocomplete="off"></label>
      <label>Description <textarea name="body" rows="10">
${issue.body}</textarea></label>
      <div class="end"><button class="button primary">Save</button></div></form></details>`
  return html`<div class="headline" id="headline" data-live><h1>${issue.title} <span class="muted number">#${issue.number}</span></h1>${editor}</div>`
}

/** Forms of pull requests go to the addresses of their issue side. */
function actionPath(visit: Visit, issue: Issue): string {
  const repository = visit.context.store.repositories.require(issue.repositoryId)
  return `${repositoryPath(visit.context, repository)}/issues/${issue.number}`
}

export function renderDescription(visit: Visit, issue: Issue): Html {
  const author = visit.context.store.users.require(issue.authorId)
  return html`<article class="box comment" id="description" data-live>
    ${commentHead(visit, issue, author, issue.createdAt, null)}${prose(visit, issue, issue.body ?? '')}${reactions(visit, { kind: 'issue', id: issue.id })}</article>`
}

export function renderComments(visit: Visit, issue: Issue): Html {
  const comments = visit.context.store.comments.ofIssue(issue.id)
  return html`<div class="stack" id="comments" data-live>${comments.map((comment) => renderComment(visit, issue, comment))}</div>`
}

function renderComment(visit: Visit, issue: Issue, comment: Comment): Html {
  const author = visit.context.store.users.require(comment.authorId)
  const edited = comment.updatedAt > comment.createdAt ? comment.updatedAt : null
  return html`<article class="box comment" id="issuecomment-${comment.id}">
    ${commentHead(visit, issue, author, comment.createdAt, edited)}${prose(visit, issue, comment.body)}
    ${reactions(visit, { kind: 'comment', id: comment.id })}
    <details class="edit" id="edit-${comment.id}"><summary class="small muted">Edit</summary>
      <form class="stack pad" method="post" action="${actionPath(visit, issue)}/comments/${comment.id}">${tokenField(visit)}
        <textarea name="body" rows="6" required aria-label="Comment">
${comment.body}</textarea><div class="end"><button class="button primary">Save</button></div></form></details></article>`
}

const ASSOCIATIONS = {
  OWNER: 'Owner',
  COLLABORATOR: 'Collaborator',
  CONTRIBUTOR: 'Contributor',
  NONE: null,
} as const

function commentHead(visit: Visit, issue: Issue, author: User, at: Date, edited: Date | null): Html {
  const { context } = visit
  const repository = context.store.repositories.require(issue.repositoryId)
  const role = ASSOCIATIONS[association(context, repository, author.id)]
  const now = context.now()
  return html`<div class="box-head">${avatar(author)} <span>${personName(author)} <span class="muted">${ago(at, now)}${edited && html` · edited ${ago(edited, now)}`}</span></span>
    ${role && html`<span class="badge push">${role}</span>`}</div>`
}

function prose(visit: Visit, issue: Issue, body: string): Html {
  const repository = visit.context.store.repositories.require(issue.repositoryId)
  if (body.trim() === '') return html`<div class="prose"><p class="muted"><em>No description.</em></p></div>`
  return html`<div class="prose">${renderMarkdown(body, { repositoryPath: repositoryPath(visit.context, repository) })}</div>`
}

const FACES: Record<ReactionContent, string> = {
  '+1': '👍',
  '-1': '👎',
  laugh: '😄',
  confused: '😕',
  heart: '❤️',
  hooray: '🎉',
  rocket: '🚀',
  eyes: '👀',
}

function reactions(visit: Visit, subject: ReactionSubject): Html | null {
  const counts = new Map<ReactionContent, string[]>()
  for (const reaction of visit.context.store.reactions.of(subject)) {
    const login = visit.context.store.users.require(reaction.userId).login
    counts.set(reaction.content, [...(counts.get(reaction.content) ?? []), login])
  }
  if (counts.size === 0) return null
  const shown = [...counts].map(
    ([content, logins]) =>
      html`<span class="reaction" title="${logins.join(', ')}">${FACES[content]} ${logins.length}</span>`,
  )
  return html`<div class="reactions">${shown}</div>`
}

export function renderCommentForm(visit: Visit, issue: Issue): Html {
  const path = actionPath(visit, issue)
  return html`<section class="box comment reply"><div class="box-head">${avatar(visit.user)} <span>Comment as <strong>${visit.user.login}</strong></span></div>
    <form class="stack pad" method="post" action="${path}/comments">${tokenField(visit)}
      <textarea name="body" rows="4" required placeholder="Leave a comment, or a command such as /process" aria-label="Comment"></textarea>
      <div class="end"><button class="button primary">Comment</button></div></form></section>
    <div class="end" id="state-buttons" data-live>${stateButtons(visit, issue, `${path}/state`)}</div>`
}

function stateButtons(visit: Visit, issue: Issue, action: string): Html | null {
  if (issue.pull?.merged) return null
  const form = (wanted: string, words: string) =>
    html`<form method="post" action="${action}">${tokenField(visit)}<button class="button" name="do" value="${wanted}">${words}</button></form>`
  const what = issue.pull ? 'pull request' : 'issue'
  if (issue.state === 'closed') return form('reopen', `Reopen ${what}`)
  if (issue.pull) return form('completed', 'Close pull request')
  return html`${form('not_planned', 'Close as not planned')}${form('completed', 'Close as completed')}`
}

export function renderSidebar(visit: Visit, issue: Issue): Html {
  const { store } = visit.context
  const assignees = issue.assigneeIds.map((id) => store.users.require(id))
  return html`<aside id="sidebar" data-live>
    <section><h2>Labels</h2><p class="small muted">Press one to add it or take it off.</p>${labelButtons(visit, issue, `${actionPath(visit, issue)}/labels`)}</section>
    ${assignees.length > 0 && html`<section><h2>Assignees</h2><ul class="plain">${assignees.map((user) => html`<li>${avatar(user)} ${user.login}</li>`)}</ul></section>`}</aside>`
}
