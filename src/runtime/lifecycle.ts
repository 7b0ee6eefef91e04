import type { Logger } from './logger.ts'

/** Something that was started and can be stopped. Stopping twice is allowed. */
export interface Service {
  readonly name: string
  stop(): Promise<void>
}

/** Stops services in the reverse order of their start. */
export class Lifecycle {
  readonly #services: Service[] = []
  readonly #logger: Logger
  #stopping: Promise<void> | null = null

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** Remembers a started service and returns it. */
  add<T extends Service>(service: T): T {
    this.#services.push(service)
    return service
  }

  /** Stops everything; a service that fails to stop is logged and does not keep the others. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll()
    return this.#stopping
  }

  async #stopAll(): Promise<void> {
    for (const service of this.#services.reverse()) {
      try {
        await service.stop()
      } catch (error) {
        this.#logger.error({ err: error, service: service.name }, 'could not stop')
      }
    }
  }
}
