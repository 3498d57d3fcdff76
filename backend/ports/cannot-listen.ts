import { ShopError } from './errors.ts';

export interface ListeningAt {
  readonly host: string;
  readonly port: number;
  /** What sets the port, e.g. "--port or SHOP_URL". */
  readonly portSetting: string;
}

/** The error of a server that cannot listen: BAD_INPUT when another port or host helps, else as it came. */
export function cannotListen(error: unknown, at: ListeningAt): unknown {
  const why = WHY[(error as NodeJS.ErrnoException).code ?? ''];
  return why === undefined ? error : new ShopError('BAD_INPUT', why(at), { cause: error });
}

const noAddress = ({ host }: ListeningAt): string => `this machine has no address ${host}; set another with HOST`;

const WHY: Readonly<Record<string, (at: ListeningAt) => string>> = {
  EADDRINUSE: ({ port, portSetting }) =>
    `port ${port} is in use; choose another with ${portSetting}, or stop the other process`,
  EACCES: ({ port, portSetting }) => `port ${port} may not be used by this user; choose another with ${portSetting}`,
  EADDRNOTAVAIL: noAddress,
  ENOTFOUND: noAddress,
};
