import { clusterIdOf, memberIdOf } from './cluster-identity';

describe('ids of members and clusters', () => {
  it('are those that etcd gives its default single member', () => {
    const id = memberIdOf(['http://localhost:2380'], 'etcd-cluster');
    expect(id.toString(16)).toBe('8e9e05c52164694d');
    expect(clusterIdOf([id]).toString(16)).toBe('cdf818194e3a8c32');
  });

  it('do not depend on the order in which URLs and members are given', () => {
    expect(memberIdOf(['http://b:1', 'http://a:1'], 't')).toBe(memberIdOf(['http://a:1', 'http://b:1'], 't'));
    expect(clusterIdOf([3n, 1n, 2n])).toBe(clusterIdOf([1n, 2n, 3n]));
  });
});
