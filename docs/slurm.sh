#!/bin/bash
# Starts a Ray cluster inside a Slurm allocation and runs a command of this repository on it; submit it from there:
#   sbatch docs/slurm.sh python train.py --ray auto --pretrained_model roberta-base
#SBATCH --job-name=openneuron
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=16
#SBATCH --gpus-per-node=4
#SBATCH --time=12:00:00
#SBATCH --requeue
# The command hears of the end 60 s before it comes; submitted again, it goes on.
#SBATCH --signal=B:TERM@60
set -euo pipefail
export SRUN_CPUS_PER_TASK=$SLURM_CPUS_PER_TASK # which srun no longer takes over by itself
[ -f .venv/bin/activate ] && source .venv/bin/activate # or your own: module load, conda activate

# Who else can reach these nodes must not run code on them: Ray asks for the token in ~/.ray, which all nodes read.
export RAY_AUTH_MODE=token
ray get-auth-token --generate > /dev/null

port=$((20000 + SLURM_JOB_ID % 10000)) # another than that of a job beside this one
address=$(hostname --ip-address)
export RAY_ADDRESS=${address%% *}:$port # where `--ray auto` looks
node="ray start --num-cpus=$SLURM_CPUS_PER_TASK --num-gpus=${SLURM_GPUS_ON_NODE:-0} --disable-usage-stats --block"

# The script itself runs on the first node.
srun --overlap --nodes=1 --ntasks=1 --nodelist="$SLURMD_NODENAME" \
    $node --head --node-ip-address="${address%% *}" --port="$port" --include-dashboard=false &
until ray status > /dev/null 2>&1; do
    kill -0 $! || exit 1 # it did not start
    sleep 1
done
if [ "$SLURM_JOB_NUM_NODES" -gt 1 ]; then
    srun --overlap --nodes=$((SLURM_JOB_NUM_NODES - 1)) --ntasks=$((SLURM_JOB_NUM_NODES - 1)) \
        --exclude="$SLURMD_NODENAME" $node --address="$RAY_ADDRESS" &
fi
# Nodes that come later still get work.
timeout 300 python - "$SLURM_JOB_NUM_NODES" << 'END' || true
import sys, time, ray
ray.init(log_to_driver=False)
while sum(node["Alive"] for node in ray.nodes()) < int(sys.argv[1]):
    time.sleep(1)
END

exec "$@"
