#!/bin/bash
#SBATCH --job-name=specsim
#SBATCH --array=0-3
#SBATCH --cpus-per-task=1
# sbatch slurm.sh GRID FOLDER, on a file system that all nodes see; SPECSIM names the program.
${SPECSIM:-npx specsim} sweep "$1" --shard '*' --jobs "$SLURM_CPUS_PER_TASK" --out "$2" --resume --quiet
