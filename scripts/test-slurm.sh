#!/usr/bin/env bash
# The job array of examples/sweep/slurm.sh on a real Slurm, of one node on the loopback, equals a sweep by one
# process, to the byte. For a throw-away machine: needs root and Debian's packages, which it installs when missing.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
if ! command -v slurmctld >/dev/null || ! command -v munged >/dev/null; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends slurm-wlm munge
fi
work=$(mktemp -d)
chmod 755 "$work"
pids=()
finish() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait
  rm -rf "$work"
}
trap finish EXIT

mkdir -p "$work"/{state,spool,munge}
chmod 700 "$work/munge"
dd if=/dev/urandom of="$work/munge/key" bs=1024 count=1 status=none
chmod 400 "$work/munge/key"
socket=$work/munge.socket
munged --foreground --force --key-file "$work/munge/key" --socket "$socket" --pid-file "$work/munge/pid" \
  --seed-file "$work/munge/seed" --log-file "$work/munge/log" &
pids+=($!)

node=$(hostname -s)
cat >"$work/slurm.conf" <<CONF
ClusterName=loopback
SlurmctldHost=$node(127.0.0.1)
SlurmctldPort=16817
SlurmdPort=16818
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$socket
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
NodeName=$node NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=all Nodes=$node Default=YES MaxTime=INFINITE State=UP
CONF
export SLURM_CONF=$work/slurm.conf
for _ in $(seq 50); do [ -S "$socket" ] && break || sleep 0.1; done
slurmctld -D -f "$SLURM_CONF" >/dev/null 2>&1 &
pids+=($!)
slurmd -D -f "$SLURM_CONF" >/dev/null 2>&1 &
pids+=($!)
for _ in $(seq 60); do sinfo -h -o %t 2>/dev/null | grep -q idle && break || sleep 0.5; done
sinfo -h -o %t | grep -q idle || { tail -n 20 "$work"/*.log; exit 1; }

cd "$work"
cp "$root/examples/sweep/grid.json" .
export SPECSIM="node $root/dist/cli/main.js"
$SPECSIM sweep grid.json --jobs 1 --out whole --quiet
timeout 120 sbatch --wait --output "$work/job-%a.out" "$root/examples/sweep/slurm.sh" grid.json "$work/results" ||
  { cat "$work"/job-*.out; tail -n 20 "$work"/*.log; exit 1; }
$SPECSIM sweep merge whole --out whole.csv
$SPECSIM sweep merge results --out results.csv
cmp whole.csv results.csv
ls results
echo "Slurm $(sinfo --version | cut -d' ' -f2): $(($(wc -l <results.csv) - 1)) points, the same bytes"
