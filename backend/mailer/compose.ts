/**
 * The message to the customer. Bytes and path are a pure function of the event (and of the shop's time zone and the
 * log's decimals), so that writing it again changes nothing and a mail server can tell a repeated one.
 */
import { createHash } from 'node:crypto';
import MailComposer from 'nodemailer/lib/mail-composer';
import { dayOf, localTime } from '../domain/calendar.ts';
import { formatAmount, formatCount } from '../domain/money.ts';
import type { OrderHandled } from '../events/events.ts';

export const SENDER = 'orders@shopstream.example';
const SENDER_NAME = 'Shopstream';
const ID_DOMAIN = 'shopstream.example';

export interface ComposeOptions {
  /** The shop's time zone: times are told in it, and the folder is the local date of handling. */
  readonly timeZone: string;
  /** How many digits of each amount in the log are behind the decimal point. */
  readonly minorDigits: number;
}

export interface Mail {
  /** Relative to the mailbox: "2026-11-22/3f/<order id>.eml". */
  readonly path: string;
  readonly to: string;
  readonly subject: string;
  /** What it says, as plain text. */
  readonly text: string;
  /** RFC 5322, lines end with CR LF. */
  readonly bytes: Buffer;
}

/**
 * Where an order's message lies in the mailbox: a folder for the local date of handling, in which 256 share the
 * day's messages out, so that a million of them is some thousands in each.
 */
export function mailPath({ orderId, at }: OrderHandled, { timeZone }: Pick<ComposeOptions, 'timeZone'>): string {
  const shard = createHash('sha256').update(orderId).digest('hex').slice(0, 2);
  return `${dayOf(Date.parse(at), timeZone)}/${shard}/${nameFor(orderId)}.eml`;
}

/** Composes the message. Rejects only for what nodemailer cannot compose. */
export async function compose(event: OrderHandled, options: ComposeOptions): Promise<Mail> {
  const view = viewOf(event, options);
  const text = textOf(view);
  const subject = `Your order ${oneLine(event.orderId)} has been handled`;
  const composer = new MailComposer({
    from: { name: SENDER_NAME, address: SENDER },
    to: { name: oneLine(event.customer.name), address: oneLine(event.customer.email) },
    subject,
    date: new Date(event.at),
    messageId: `<${nameFor(event.orderId)}@${ID_DOMAIN}>`,
    headers: { 'Auto-Submitted': 'auto-generated' },
    text,
    html: htmlOf(view),
    newline: 'windows',
    disableFileAccess: true,
    disableUrlAccess: true,
    // Nobody can write a text that holds the digest of itself, so no text ends a part before its time.
    ...{ baseBoundary: createHash('sha256').update(JSON.stringify(event)).digest('hex').slice(0, 32) },
  });
  return {
    path: mailPath(event, options),
    to: oneLine(event.customer.email),
    subject,
    text,
    bytes: await composer.compile().build(),
  };
}

/**
 * A file name for an id. Two ids never share one, also where the file system takes no notice of case: ids
 * that are not plain as they stand get a digest behind a '~', which plain ones have not.
 */
export function nameFor(id: string): string {
  if (/^[a-z0-9][a-z0-9_-]*(\.[a-z0-9_-]+)*$/.test(id)) return id;
  const digest = createHash('sha256').update(id).digest('hex').slice(0, 16);
  return `${id.replace(/[^A-Za-z0-9_-]+/g, '_').slice(0, 60)}~${digest}`;
}

interface View {
  readonly customer: string;
  readonly order: string;
  readonly lines: readonly { readonly quantity: string; readonly name: string; readonly amount: string }[];
  readonly total: string;
  readonly placed: string;
  readonly handled: string;
}

function viewOf(event: OrderHandled, { timeZone, minorDigits }: ComposeOptions): View {
  const money = (minor: number): string => formatAmount(minor, event.currency, minorDigits);
  return {
    customer: oneLine(event.customer.name),
    order: oneLine(event.orderId),
    lines: event.lines.map((line) => ({
      quantity: formatCount(line.quantity),
      name: oneLine(line.name) || oneLine(line.productId),
      amount: money(line.quantity * line.unitPrice),
    })),
    total: money(event.total),
    placed: `${localTime(Date.parse(event.placedAt), timeZone)} (${timeZone})`,
    handled: `${localTime(Date.parse(event.at), timeZone)} (${timeZone})`,
  };
}

function textOf({ customer, order, lines, total, placed, handled }: View): string {
  const quantityWidth = Math.max(...lines.map((line) => line.quantity.length));
  const amountWidth = Math.max(total.length, ...lines.map((line) => line.amount.length));
  const nameWidth = Math.min(48, Math.max('Total'.length, ...lines.map((line) => line.name.length)));
  const row = (quantity: string, name: string, amount: string): string =>
    `  ${quantity.padStart(quantityWidth)}   ${name.padEnd(nameWidth)}   ${amount.padStart(amountWidth)}`;
  return [
    `Dear ${customer},`,
    '',
    `your order ${order} has been handled and is on its way.`,
    '',
    ...lines.map(({ quantity, name, amount }) => row(quantity, name, amount)),
    `  ${'-'.repeat(quantityWidth + nameWidth + amountWidth + 6)}`,
    row('', 'Total', total),
    '',
    `Placed:   ${placed}`,
    `Handled:  ${handled}`,
    '',
    'Thank you for shopping with us.',
    SENDER_NAME,
    '',
  ].join('\n');
}

const CELL = 'padding:6px 12px;border-bottom:1px solid #e4e4e7';
const RIGHT = `${CELL};text-align:right;white-space:nowrap`;

function htmlOf({ customer, order, lines, total, placed, handled }: View): string {
  const rows = lines.map(
    ({ quantity, name, amount }) =>
      `<tr><td style="${RIGHT}">${escape(quantity)}</td><td style="${CELL}">${escape(name)}</td>` +
      `<td style="${RIGHT}">${escape(amount)}</td></tr>`,
  );
  return [
    '<!doctype html>',
    '<html lang="en"><body style="font-family:system-ui,sans-serif;color:#18181b;max-width:36em;margin:2em auto">',
    `<p>Dear ${escape(customer)},</p>`,
    `<p>your order <strong>${escape(order)}</strong> has been handled and is on its way.</p>`,
    '<table style="border-collapse:collapse;width:100%">',
    ...rows,
    `<tr><td></td><td style="padding:6px 12px"><strong>Total</strong></td>` +
      `<td style="padding:6px 12px;text-align:right;white-space:nowrap"><strong>${escape(total)}</strong></td></tr>`,
    '</table>',
    `<p style="color:#71717a">Placed ${escape(placed)}<br>Handled ${escape(handled)}</p>`,
    `<p>Thank you for shopping with us.<br>${SENDER_NAME}</p>`,
    '</body></html>',
    '',
  ].join('\n');
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escape = (text: string): string => text.replace(/[&<>"]/g, (char) => ESCAPES[char] ?? char);

/** Line breaks and other control characters have no place in a name, let alone in a header. */
// eslint-disable-next-line no-control-regex -- control characters are what it is about.
const oneLine = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').trim();
