/** Which member of a group gets which partitions. */
import { AssignerProtocol, type PartitionAssigner } from 'kafkajs';

/**
 * Partition p of every topic goes to the same member, so that an order's placed and handled events are read
 * by one process; members take the partition numbers in turn. A member that stays keeps no partition on
 * purpose: positions are in the checkpoints, so moving a partition costs a load of its documents, no more.
 */
export const coPartitioned: PartitionAssigner = ({ cluster }) => ({
  name: 'CoPartitionedAssigner',
  version: 0,

  assign: ({ members, topics }) => {
    const sorted = members
      .map(({ memberId, memberMetadata }) => ({
        memberId,
        topics: new Set(AssignerProtocol.MemberMetadata.decode(memberMetadata)?.topics ?? topics),
        assignment: noPartitions(),
      }))
      .sort((a, b) => (a.memberId < b.memberId ? -1 : 1));
    for (const topic of topics) {
      const interested = sorted.filter((member) => member.topics.has(topic));
      for (const { partitionId } of cluster.findTopicPartitionMetadata(topic)) {
        const member = interested[partitionId % interested.length];
        if (member !== undefined) (member.assignment[topic] ??= []).push(partitionId);
      }
    }
    return Promise.resolve(
      sorted.map(({ memberId, assignment }) => ({
        memberId,
        memberAssignment: AssignerProtocol.MemberAssignment.encode({
          version: 0,
          assignment,
          userData: Buffer.alloc(0),
        }),
      })),
    );
  },

  protocol: ({ topics }) => ({
    name: 'CoPartitionedAssigner',
    metadata: AssignerProtocol.MemberMetadata.encode({ version: 0, topics, userData: Buffer.alloc(0) }),
  }),
});

function noPartitions(): Record<string, number[]> {
  return {};
}
