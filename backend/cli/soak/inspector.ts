/** Asks a Node process about its memory, through its inspector. */
import { WebSocket, type RawData } from 'ws';
import { ShopError } from '../../ports/errors.ts';

/** The memory of a process as V8 counts it, in bytes. */
export interface NodeMemory {
  /** JavaScript objects, those that are no longer needed included. */
  readonly heapUsed: number;
  /** What V8 holds for them. */
  readonly heapTotal: number;
  /** Outside of the heap: buffers and the like. */
  readonly external: number;
}

interface Reply {
  readonly id?: number;
  readonly result?: { readonly result?: { readonly value?: unknown } };
  readonly error?: { readonly message: string };
}

export class Inspector {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, { resolve: (reply: Reply) => void; reject: (error: Error) => void }>();
  #last = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: RawData) => {
      const reply = JSON.parse((data as Buffer).toString('utf8')) as Reply;
      const waiting = this.#waiting.get(reply.id ?? 0);
      this.#waiting.delete(reply.id ?? 0);
      if (reply.error === undefined) waiting?.resolve(reply);
      else waiting?.reject(new ShopError('UNAVAILABLE', `the inspector says: ${reply.error.message}`));
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      for (const { reject } of this.#waiting.values()) {
        reject(new ShopError('UNAVAILABLE', 'the process that is looked into has ended'));
      }
      this.#waiting.clear();
    });
  }

  /** `url` is what `node --inspect` prints. Rejects when nobody answers there. */
  static async open(url: string): Promise<Inspector> {
    const socket = new WebSocket(url);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', () => resolve());
      socket.once('error', reject);
    });
    return new Inspector(socket);
  }

  async memory(): Promise<NodeMemory> {
    const { result } = await this.#ask('Runtime.evaluate', {
      expression: '(({ heapUsed, heapTotal, external }) => ({ heapUsed, heapTotal, external }))(process.memoryUsage())',
      returnByValue: true,
    });
    return result?.result?.value as NodeMemory;
  }

  async collectGarbage(): Promise<void> {
    await this.#ask('HeapProfiler.collectGarbage', {});
  }

  close(): void {
    this.#socket.terminate();
  }

  #ask(method: string, params: object): Promise<Reply> {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      if (this.#socket.readyState !== WebSocket.OPEN) {
        reject(new ShopError('UNAVAILABLE', 'the process that is looked into has ended'));
        return;
      }
      this.#waiting.set(id, { resolve, reject });
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }
}
