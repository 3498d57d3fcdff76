import type { TestProject } from 'vitest/node';
import './engines.ts';

export default function setup(project: TestProject): void {
  project.provide('kafkaBrokers', process.env['KAFKA_BROKERS']?.split(',') ?? null);
  project.provide('mongodbUri', process.env['MONGODB_URI'] ?? null);
}
