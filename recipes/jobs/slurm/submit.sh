#!/bin/sh
# A sampling job on a cluster: an array of shards, and a job that puts them together.
#
#     slurm/submit.sh RUN COUNT SHARDS DIR [OPTIONS OF genkit sample]
#
# RUN and DIR lie on a file system that all nodes share. Partition, account, time and the like are
# said as Slurm does, such as SBATCH_PARTITION=cpu in the environment or in shard.sbatch. Given
# again after a failure, everything that is finished is kept and the rest is drawn.
#
# Samples are the same bits on one kind of machine. Where a partition has several kinds, name one
# (SBATCH_CONSTRAINT), or add --allow-mixed here and to merge.sbatch.
set -eu

if [ $# -lt 4 ]; then
  echo "usage: $0 RUN COUNT SHARDS DIR [OPTIONS OF genkit sample]" >&2
  exit 2
fi
run=$1 count=$2 shards=$3 dir=$4
shift 4
here=$(cd "$(dirname "$0")" && pwd)

array=$(sbatch --parsable --array="0-$((shards - 1))" "$here/shard.sbatch" \
  "$run" "$count" "$dir" "$@")
array=${array%%;*} # without the cluster's name
merge=$(sbatch --parsable --dependency="afterok:$array" --kill-on-invalid-dep=yes \
  "$here/merge.sbatch" "$dir")
echo "shards: job $array, an array of $shards; then merge: job ${merge%%;*}"
