package org.lodge.virtio;

/** How a driver can break the rules of a ring (virtio 1.2 sections 2.7 and 2.8). */
public enum RingFault {
  /** A ring area is misaligned, unmapped, or split over two memory regions; or a bad size. */
  BAD_SETUP,
  /** The available index is further ahead than the queue is long. */
  AVAILABLE_INDEX_JUMPED,
  HEAD_OUT_OF_RANGE,
  /** A head, or in a packed ring a buffer id, was made available again before it was used. */
  HEAD_ALREADY_IN_FLIGHT,
  NEXT_OUT_OF_RANGE,
  /** More descriptors than allowed: a loop, as a rule. */
  CHAIN_TOO_LONG,
  INDIRECT_NOT_NEGOTIATED,
  /** The table's length is 0, no multiple of 16 bytes, or too long. */
  INDIRECT_LENGTH,
  INDIRECT_NESTED,
  /** A descriptor both points to a table and goes on. */
  INDIRECT_WITH_NEXT,
  WRITABLE_BEFORE_READABLE,
  ZERO_LENGTH,
  /** Address and length wrap around 2^64. */
  ADDRESS_OVERFLOW,
  /** Part of a buffer is in no memory region. */
  ADDRESS_NOT_MAPPED,
  /** A chain of 2^32 bytes or more. */
  CHAIN_TOO_LARGE,
  /** The memory is gone although it was mapped: its file was truncated. */
  MEMORY_FAULT,
  /** The device can't make sense of a request, nor answer it. */
  BAD_REQUEST
}
