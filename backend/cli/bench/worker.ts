/** One side of one benchmark, in a process of its own: prints its figures as JSON on stdout. */
import { figuresOf, SIDES, type Job } from './sides.ts';

const job = JSON.parse(process.argv[2] ?? '{}') as Job;
const side = SIDES[job.side];
if (side === undefined) throw new Error(`no side ${job.side}`);
const measured = await side(job);
process.stdout.write(`${JSON.stringify(figuresOf(measured))}\n`);
process.exit(0);
