import { describeWithKafka } from '../../../tests/engines.ts';
import { eventLogContract, eventLogGroupContract } from '../../ports/event-log.contract.ts';
import { kafkaForTests } from './kafka-test-kit.ts';

describeWithKafka('the event log in Kafka', ({ brokers }) => {
  eventLogContract('Kafka', () => kafkaForTests(brokers));
  eventLogGroupContract('Kafka', () => kafkaForTests(brokers));
});
