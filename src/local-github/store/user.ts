import { type IdSequence, Table } from './table.ts'

export type AccountType = 'User' | 'Bot' | 'Organization'

export interface User {
  id: number
  login: string
  type: AccountType
  createdAt: Date
}

/** Name and address as commits carry them. */
export interface Person {
  name: string
  email: string
}

/** Accounts: people, bots and organizations share one name space, compared without case. */
export class Users {
  readonly #table = new Table<User>()
  readonly #byLogin = new Map<string, User>()
  readonly #ids: IdSequence

  constructor(ids: IdSequence) {
    this.#ids = ids
  }

  create(login: string, type: AccountType, createdAt: Date): User {
    if (this.byLogin(login)) throw new Error(`The account ${login} exists already.`)
    const user = this.#table.insert({ id: this.#ids.next(), login, type, createdAt })
    this.#byLogin.set(login.toLowerCase(), user)
    return user
  }

  byId(id: number): User | undefined {
    return this.#table.get(id)
  }

  byLogin(login: string): User | undefined {
    return this.#byLogin.get(login.toLowerCase())
  }

  /** For ids that rows of this store hold: accounts are never removed. */
  require(id: number): User {
    const user = this.#table.get(id)
    if (!user) throw new Error(`No account has the id ${id}.`)
    return user
  }

  all(): User[] {
    return this.#table.all()
  }
}

/** The commit identity GitHub gives to somebody who acts through the web or the API. */
export function personOf(user: User): Person {
  return { name: user.login, email: `${user.id}+${user.login}@users.noreply.github.com` }
}
