interface Task {
  at: number;
  order: number;
  process: Generator<number>;
}

/** Runs processes that yield how many milliseconds to wait for, each whenever its time has come. */
export class Schedule {
  now = 0;
  /** A binary heap: no task comes before that at half its place. */
  readonly #tasks: Task[] = [];
  #started = 0;

  /** From now on. */
  start(process: Generator<number>): void {
    this.#push({ at: this.now, order: this.#started++, process });
  }

  /** Until all have ended. */
  run(): void {
    for (let task = this.#pop(); task !== undefined; task = this.#pop()) {
      this.now = task.at;
      const { done, value } = task.process.next();
      if (!done) this.#push({ ...task, at: task.at + value });
    }
  }

  #push(task: Task): void {
    const tasks = this.#tasks;
    let place = tasks.length;
    tasks.push(task);
    while (place > 0) {
      const above = (place - 1) >>> 1;
      if (!isBefore(task, tasks[above])) break;
      tasks[place] = tasks[above];
      place = above;
    }
    tasks[place] = task;
  }

  #pop(): Task | undefined {
    const tasks = this.#tasks;
    const first = tasks[0];
    const last = tasks.pop();
    if (last === undefined || tasks.length === 0) return first;
    let place = 0;
    for (;;) {
      let below = 2 * place + 1;
      if (below >= tasks.length) break;
      if (below + 1 < tasks.length && isBefore(tasks[below + 1], tasks[below])) below++;
      if (!isBefore(tasks[below], last)) break;
      tasks[place] = tasks[below];
      place = below;
    }
    tasks[place] = last;
    return first;
  }
}

function isBefore(a: Task, b: Task): boolean {
  return a.at !== b.at ? a.at < b.at : a.order < b.order;
}
