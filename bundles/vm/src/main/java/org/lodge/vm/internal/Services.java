package org.lodge.vm.internal;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Services that come and go, by name; who needs one waits for it a short while. */
final class Services<T> {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition came = lock.newCondition();
  private final Map<String, T> services = new HashMap<>();

  void add(String name, T service) {
    lock.lock();
    try {
      services.put(name, service);
      came.signalAll();
    } finally {
      lock.unlock();
    }
  }

  void remove(String name, T service) {
    lock.lock();
    try {
      services.remove(name, service);
    } finally {
      lock.unlock();
    }
  }

  Optional<T> now(String name) {
    lock.lock();
    try {
      return Optional.ofNullable(services.get(name));
    } finally {
      lock.unlock();
    }
  }

  Optional<T> await(String name, Duration limit) throws InterruptedException {
    long nanos = limit.toNanos();
    lock.lock();
    try {
      while (!services.containsKey(name) && nanos > 0) {
        nanos = came.awaitNanos(nanos);
      }
      return Optional.ofNullable(services.get(name));
    } finally {
      lock.unlock();
    }
  }
}
